import { isArchived } from './archives.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';

let portable: System | undefined;

/** What copies the files of a source directory: `system`, or `node:fs` for what only that can read. */
export function systemFor(source: string, system: System): System {
  return isArchived(source) ? (portable ??= portableSystem('the source lies in an archive')) : system;
}
