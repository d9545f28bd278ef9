import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopyError, systemError } from '../errors.ts';
import { errnoOf } from '../platform/errno.ts';
import type { System } from '../platform/system.ts';
import { discard, isStillThere } from '../transfer/identity.ts';
import type { DirectoryPair } from '../transfer/pair.ts';
import { temporaryName } from '../transfer/temporary.ts';

const EINTR = errnoOf('EINTR');

/** Bytes that are written before everything else on this thread gets a turn. */
const PART = 1024 * 1024;

interface Paths {
  source: string;
  destination: string;
}

export interface WriteOptions {
  /** For errors. */
  paths: Paths;
  /** Permission bits, exactly; undefined: those of any new file. */
  mode: number | undefined;
  /** The bytes reach the disk before the file gets its name. */
  sync: boolean;
  /** Gives the complete file, of that name in the destination, its final one. False: it is not wanted any more. */
  publish: (temporary: string) => boolean;
}

/**
 * Writes a file under a temporary name into a pair's destination, so that its own name never holds part of it. False:
 * it was not published.
 */
export async function writeAnew(
  system: System,
  { destination: directory, opened }: DirectoryPair,
  bytes: Uint8Array,
  { paths, mode, sync, publish }: WriteOptions,
): Promise<boolean> {
  if (!isStillThere(system, directory, opened)) {
    const reason =
      'something else has taken the place of the directory, or of one above it, while it was copied to';
    throw new CopyError({ code: 'ELOOP', reason, ...paths, method: 'transform' });
  }
  const name = temporaryName();
  const done = (syscall: string, result: number): number => {
    if (result < 0) throw systemError(-result, { ...paths, method: 'transform', syscall });
    return result;
  };
  const fd = done('open', system.create(directory, name, mode === undefined ? 0o666 : mode & 0o700));
  let isPublished = false;
  try {
    for (let written = 0; written < bytes.length; ) {
      if (written > 0) await nextTurn();
      const result = system.write(fd, bytes.subarray(written, written + PART));
      if (result !== -EINTR) written += done('write', result);
    }
    // Not at creation, where the process' mask would take bits away.
    if (mode !== undefined) done('fchmod', system.setMode(fd, mode));
    if (sync) done('fdatasync', system.sync(fd));
    isPublished = publish(name);
    return isPublished;
  } finally {
    if (isPublished) system.close(fd);
    else discard(system, directory, name, fd);
  }
}
