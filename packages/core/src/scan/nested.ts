import fs from 'node:fs';
import path from 'node:path';
import { CopyError } from '../errors.ts';

interface Identity {
  dev: bigint;
  ino: bigint;
}

/**
 * Refuses a directory that is copied into itself, or onto one it lies in. Directories are compared by device
 * and inode, not by name: links, bind mounts and other letter cases name the same one.
 */
export function refuseNested(source: string, destination: string): void {
  const from = chain(source);
  const to = chain(destination);
  const [fromSelf] = from;
  const [toSelf] = to;
  if (!fromSelf) return;
  if (toSelf && isExisting(destination) && isSame(fromSelf, toSelf)) {
    throw new CopyError({
      code: 'ERR_SAME_FILE',
      reason: 'source and destination are the same directory',
      source,
      destination,
    });
  }
  if (to.some((above) => isSame(above, fromSelf))) {
    throw new CopyError({
      code: 'ERR_NESTED',
      reason: 'the destination lies inside the source',
      source,
      destination,
    });
  }
  if (isExisting(destination) && toSelf && from.some((above) => isSame(above, toSelf))) {
    throw new CopyError({
      code: 'ERR_NESTED',
      reason: 'the source lies inside the destination',
      source,
      destination,
    });
  }
}

/** A directory and all above it, as far as they exist, the nearest first. */
function chain(directory: string): Identity[] {
  const identities: Identity[] = [];
  let current = nearestExisting(directory);
  for (;;) {
    identities.push(fs.statSync(current, { bigint: true }));
    const parent = path.dirname(current);
    if (parent === current) return identities;
    current = parent;
  }
}

function nearestExisting(directory: string): string {
  for (let current = directory; ; current = path.dirname(current)) {
    if (isExisting(current)) return fs.realpathSync.native(current);
    if (path.dirname(current) === current) return current;
  }
}

function isExisting(directory: string): boolean {
  return fs.statSync(directory, { throwIfNoEntry: false }) !== undefined;
}

function isSame(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
