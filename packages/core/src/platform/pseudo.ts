import { statfsSync } from 'node:fs';

const PROC = 0x9fa0;
const SYSFS = 0x6265_6572;

/** Whether sizes are made up there, as in /proc and /sys. */
export function isPseudoFilesystem(directory: string): boolean {
  const { type } = statfsSync(directory);
  return type === PROC || type === SYSFS;
}
