import { statfsSync } from 'node:fs';
import { PROC_SUPER_MAGIC, SYSFS_MAGIC } from './linux/magic.ts';
import { onDisk } from './raw-names.ts';

/** Whether sizes are made up there, as in /proc and /sys. */
export function isPseudoFilesystem(directory: string): boolean {
  const { type } = statfsSync(onDisk(directory));
  return type === PROC_SUPER_MAGIC || type === SYSFS_MAGIC;
}
