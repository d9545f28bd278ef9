import fs from 'node:fs';
import { EILSEQ, EINVAL } from './errno.ts';
import type { Errno } from './system.ts';

/** Ends a string in C. */
const NUL = Buffer.alloc(1);

/**
 * Reads the target of a link by node:fs. Windows has targets in UTF-16: one that cannot be decoded is answered with
 * EILSEQ there, as names are.
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

/** A target as a string, which every runtime accepts, unless its bytes are no UTF-8. */
export function decoded(target: Buffer): string | Buffer {
  const text = target.toString();
  return Buffer.from(text).equals(target) ? text : target;
}

/** Bytes as C has a string. */
export function terminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, NUL]);
}
