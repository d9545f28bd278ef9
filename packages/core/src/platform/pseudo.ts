import { statfsSync } from 'node:fs';
import { PROC_SUPER_MAGIC, SYSFS_MAGIC } from './linux/magic.ts';

/** Whether sizes are made up there, as in /proc and /sys. */
export function isPseudoFilesystem(directory: string): boolean {
  const { type } = statfsSync(directory);
  return type === PROC_SUPER_MAGIC || type === SYSFS_MAGIC;
}
