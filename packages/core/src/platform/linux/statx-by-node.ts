import fs from 'node:fs';
import { EACCES, ENOSYS, EPERM } from '../errno.ts';
import type { Memory, Path } from '../posix/bindings.ts';
import { fromBytes, onDisk } from '../raw-names.ts';
import { FileStatus } from '../status.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from './constants.ts';

type Statx = (directory: number, path: Path, flags: number, mask: number, buffer: Memory) => number;

/** Errors of a system call filter that does not know statx(2) (Docker before 18.04) or does not allow it. */
const REFUSALS = new Set([EPERM, EACCES, ENOSYS]);

/**
 * Returns `statx`. If a trial shows that this process may not call it, returns a slower replacement by `node:fs`,
 * which then calls fstat(2) and similar calls.
 */
export function usableStatx(statx: Statx): Statx {
  const { words } = new FileStatus();
  // Every process may stat this directory.
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

function look(directory: number, path: Path, flags: number): fs.BigIntStats {
  const bigint = { bigint: true } as const;
  // A name that is not UTF-8 arrives as the bytes that inC() made of it.
  if (typeof path !== 'string') return look(directory, fromBytes(Buffer.from(path.subarray(0, -1))), flags);
  if (path === '') return fs.fstatSync(directory, bigint);
  const file = directory === AT_FDCWD || path.startsWith('/') ? path : `/proc/self/fd/${directory}/${path}`;
  const there = onDisk(file);
  return flags & AT_SYMLINK_NOFOLLOW ? fs.lstatSync(there, bigint) : fs.statSync(there, bigint);
}
