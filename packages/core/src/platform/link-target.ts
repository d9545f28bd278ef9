import fs from 'node:fs';
import { EILSEQ, EINVAL } from './errno.ts';
import type { Errno } from './system.ts';

/** Ends a C string. */
const NUL = Buffer.alloc(1);

/**
 * Reads the target of a link by node:fs. On Windows targets are UTF-16: returns -EILSEQ for a target that cannot be
 * decoded, as for names.
 */
export function readLinkTarget(file: string | Buffer): Buffer | Errno {
  try {
    const target = fs.readlinkSync(file, { encoding: 'buffer' });
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

/** Bytes as a C string: with a NUL at the end. */
export function terminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, NUL]);
}
