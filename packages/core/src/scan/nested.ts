import fs from 'node:fs';
import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { ifThere, tryOr } from '../platform/path-status.ts';
import { onDisk } from '../platform/raw-names.ts';
import { spelledAsStored } from '../platform/spelling.ts';

interface Identity {
  dev: bigint;
  ino: bigint;
}

/**
 * Throws if a directory would be copied into itself, or onto one of its parents. Directories are compared by device
 * and inode, not by name, because links, bind mounts and other letter cases can name the same directory.
 */
export function refuseNested(source: string, destination: string): void {
  const spell = mayDifferInCaseOnly(source, destination) ? spelledAsStored : (given: string) => given;
  const from = chain(spell(source));
  // Check this once, and first: another process may create the destination meanwhile.
  const isThere = isExisting(destination);
  const to = chain(spell(destination));
  const [fromSelf] = from;
  const [toSelf] = to;
  if (!fromSelf) return;
  if (toSelf && isThere && isSame(fromSelf, toSelf)) {
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
      reason: 'the destination lies inside the source; choose a destination outside of it',
      source,
      destination,
    });
  }
  if (isThere && toSelf && from.some((above) => isSame(above, toSelf))) {
    throw new CopyError({
      code: 'ERR_NESTED',
      reason: 'the source lies inside the destination; choose another destination',
      source,
      destination,
    });
  }
}

/**
 * Returns a function that throws if a linked directory contains the destination: with its link followed, it would
 * contain one more copy of the destination after each run. The parents of `destination` are read only for the first
 * link.
 */
export function refuseLinksAround(destination: string): (directory: string) => void {
  let to: Identity[] | undefined;
  return (directory) => {
    to ??= chain(destination);
    const self = fs.statSync(onDisk(directory), { bigint: true });
    if (!to.some((above) => isSame(above, self))) return;
    const reason =
      'it is a symbolic link to a directory that the destination lies in, which would be copied into itself; ' +
      'leave it out with "ignore" (--exclude), or copy links as links with symlinks: \'keep\' (-P)';
    throw new CopyError({ code: 'ERR_NESTED', reason, source: directory });
  };
}

/** Whether one path would be inside the other if letter case were ignored, and is not as they are written. */
function mayDifferInCaseOnly(source: string, destination: string): boolean {
  const overlap = (one: string, other: string) => isInside(one, other) || isInside(other, one);
  return !overlap(source, destination) && overlap(source.toLowerCase(), destination.toLowerCase());
}

/**
 * The same directory this many times in a row is the root, which is its own parent. Twice is not enough: a directory
 * may be a bind mount of its parent.
 */
const MOST_ALIKE = 3;

/**
 * The nearest existing directory and all its parents, the nearest first, as far as this process may look at them. What
 * it may not look at cannot be copied either.
 */
function chain(directory: string): Identity[] {
  const identities: Identity[] = [];
  let current = nearestEntry(directory);
  for (;;) {
    const found = tryOr(undefined, () => fs.statSync(onDisk(current), { bigint: true }));
    if (!found) return identities;
    identities.push(found);
    const last = identities.slice(-MOST_ALIKE);
    if (last.length === MOST_ALIKE && last.every((each) => isSame(each, found))) return identities;
    current = parentOf(current);
  }
}

/**
 * The parent directory. On Linux and macOS the path may be a link to a directory: the system then finds the parent by
 * `..`. The real path is no help there: that of `/proc/1/root/srv` leads to other mounts, and that of an open directory
 * may lead through one that this process may not enter.
 */
function parentOf(directory: string): string {
  return path.sep === '/' ? `${directory}/..` : path.dirname(directory);
}

/** The path, or the nearest above it that leads to a file or a directory. On Windows its real path. */
function nearestEntry(directory: string): string {
  for (let current = directory; ; current = path.dirname(current)) {
    if (isExisting(current)) return path.sep === '/' ? current : fs.realpathSync.native(current);
    if (path.dirname(current) === current) return current;
  }
}

function isExisting(directory: string): boolean {
  return ifThere(directory, fs.statSync) !== undefined;
}

/**
 * Whether a path is a directory or lies in it, under whatever names: through links or a bind mount, or in other letter
 * case. False if this process may not look at one of them.
 */
export function isWithin(directory: string, file: string): boolean {
  return tryOr(false, () => {
    const self = fs.statSync(onDisk(directory), { bigint: true });
    return chain(file).some((above) => isSame(above, self));
  });
}

function isSame(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
