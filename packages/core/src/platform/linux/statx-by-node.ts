import fs from 'node:fs';
import { EACCES, EPERM } from '../errno.ts';
import type { Memory } from '../posix/bindings.ts';
import { fromBytes, onDisk } from '../raw-names.ts';
import { FileStatus } from '../status.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, ENOSYS } from './constants.ts';

type Statx = (directory: number, path: string, flags: number, mask: number, buffer: Memory) => number;

/** What a filter of system calls answers, which knows statx(2) not (Docker before 18.04) or does not want it. */
const REFUSALS = new Set([EPERM, EACCES, ENOSYS]);

/**
 * `statx` itself, or where this process may not call it, as a trial tells, a slower one over `node:fs`, which calls
 * fstat(2) and its like then.
 */
export function usableStatx(statx: Statx): Statx {
  const { words } = new FileStatus();
  // Everybody may look at this directory.
  const tried = statx(AT_FDCWD, '/', 0, 0, words);
  return REFUSALS.has(-tried) ? statxByNode : statx;
}

const status = new FileStatus();

const statxByNode: Statx = (directory, path, flags, _mask, buffer) => {
  try {
    status.fill(look(directory, path, flags));
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? -EACCES;
  }
  buffer.set(status.words);
  return 0;
};

function look(directory: number, path: string, flags: number): fs.BigIntStats {
  const bigint = { bigint: true } as const;
  // A name that is not UTF-8 comes as the bytes that inC() made of it.
  if (typeof path !== 'string') return look(directory, fromBytes((path as Buffer).subarray(0, -1)), flags);
  if (path === '') return fs.fstatSync(directory, bigint);
  const file = directory === AT_FDCWD || path.startsWith('/') ? path : `/proc/self/fd/${directory}/${path}`;
  const there = onDisk(file);
  return flags & AT_SYMLINK_NOFOLLOW ? fs.lstatSync(there, bigint) : fs.statSync(there, bigint);
}
