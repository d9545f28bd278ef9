import { isArchived } from './archives.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';

let portable: System | undefined;

/**
 * The system that copies the files of a source directory: `system` itself, or the portable one for an archive that only
 * `node:fs` can read.
 */
export function systemFor({ source }: { source: string }, system: System): System {
  if (!isArchived(source) || system.name === 'portable') return system;
  portable ??= portableSystem('the source lies in an archive');
  return system.expected?.over(portable) ?? portable;
}
