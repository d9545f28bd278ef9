import { isArchived } from './archives.ts';
import { byBytes } from './by-bytes.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';

let portable: System | undefined;

/**
 * The system that copies the files of a source directory: `system` itself, the portable one for an archive that only
 * `node:fs` can read, or one that accepts names that are not UTF-8 (`raw`).
 */
export function systemFor(
  { source, raw }: { source: string; raw?: boolean | undefined },
  system: System,
): System {
  if (isArchived(source)) return (portable ??= portableSystem('the source lies in an archive'));
  return raw ? byBytes(system) : system;
}
