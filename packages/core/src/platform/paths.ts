import fs from 'node:fs';
import path from 'node:path';
import { EILSEQ, EINVAL } from './errno.ts';
import { onDisk } from './raw-names.ts';
import type { Directory, Errno } from './system.ts';

/** The path of a name in a directory, for `node:fs`: bytes if it is not UTF-8. */
export function pathIn(directory: Directory, name: string): string | Buffer {
  return onDisk(childPath(directory, name));
}

/**
 * Creates an open directory. The order of the fields matters: for objects with another order, V8 would compile the
 * fast path once more.
 */
export function opened(fd: number, path: string): Directory {
  return { path, fd };
}

/** The path of an entry of a directory. It does not normalize the path as `path.join` does, which takes longer. */
export function childPath({ path: directory }: Pick<Directory, 'path'>, name: string): string {
  // The root of a filesystem ends with a separator.
  return directory.endsWith(path.sep) ? directory + name : directory + path.sep + name;
}

/**
 * Reads the target of a link by node:fs. On Windows targets are UTF-16: returns -EILSEQ for a target that cannot be
 * decoded, as for names.
 */
export function readLinkTarget(file: string | Buffer): Buffer | Errno {
  try {
    const given = fs.readlinkSync(file, { encoding: 'buffer' });
    // Deno returns a plain Uint8Array.
    const target = Buffer.isBuffer(given) ? given : Buffer.from(given);
    return process.platform === 'win32' && typeof decoded(target) !== 'string' ? -EILSEQ : target;
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    return typeof errno === 'number' && errno < 0 ? errno : -EINVAL;
  }
}

/** A target as a string, which every runtime accepts, or as bytes if it is not UTF-8. */
export function decoded(target: Buffer): string | Buffer {
  const text = target.toString();
  return Buffer.from(text).equals(target) ? text : target;
}
