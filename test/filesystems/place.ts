import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allocatedBytes, sharesExtents, usedBytes } from '../support/extents.ts';
import { type Copied, type Lane, lanes } from '../support/lanes.ts';
import { describeOn, type MountedPlace, type Place } from '../support/places.ts';
import { type Case, cases, LARGE, writeSources } from './cases.ts';

const MiB = 1024 * 1024;

/** Runs all cases in a place, with every lane. */
export function describePlace(place: Place, using: readonly Lane[] = lanes): void {
  describeOn(place.needs, place.name, () => {
    let mounted: MountedPlace;
    const umask = process.umask();
    beforeAll(() => {
      mounted = place.mount();
      writeSources(mounted.source);
      process.umask(0o077);
    });
    afterAll(() => {
      process.umask(umask);
      mounted?.unmount();
    });
    for (const lane of using) describeLane(place, lane, () => mounted);
  });
}

function describeLane(place: Place, lane: Lane, mounted: () => MountedPlace): void {
  describe(lane.name, () => {
    let opened: Awaited<ReturnType<Lane['open']>>;
    let runs = 0;
    beforeAll(async () => {
      opened = await lane.open();
    });
    afterAll(() => opened?.close());

    test.each(cases)('copies $name', async (each) => {
      const source = join(mounted().source, each.source);
      const destination = join(mounted().destination, `${lane.name} ${runs++}`, 'copy');
      const old = each.existing && writeExisting(each.existing, source, destination);
      const used = cloneIsLarge(place, each) ? usedBytes(mounted().blocks) : 0;

      const copied = await opened.run(source, destination, each.options);

      const expected = expectedOutcome(place, lane, each);
      expect(copied.method ?? copied.code).toBe(lane.methods?.[expected] ?? expected);
      if (used > 0 && expected === 'ficlone') {
        expect(usedBytes(mounted().blocks) - used).toBeLessThan(MiB);
      }
      if (each.stays || (old && copied.code)) expect(readFileSync(destination)).toEqual(old);
      else if (copied.code) expect(readdirSync(dirname(destination))).toEqual([]);
      else if (expected === 'symlink') expect(readlinkSync(destination)).toBe(readlinkSync(source));
      else verifyCopy(place, lane, each, source, destination, { ...copied, method: expected });
      if (!copied.code) expect(readdirSync(dirname(destination))).toEqual(['copy']);
    });
  });
}

function cloneIsLarge(place: Place, each: Case): boolean {
  return place.clones && each.source === `size-${LARGE}`;
}

function expectedOutcome(place: Place, lane: Lane, { expected }: Case): string {
  const { cloning, copying, reading = copying } = expected;
  if (lane.native) return place.clones ? cloning : place.tellsHoles ? copying : reading;
  return place.clones ? expected.portableCloning : expected.portableCopying;
}

function writeExisting(kind: NonNullable<Case['existing']>, source: string, destination: string): Buffer {
  const { size, atime, mtime } = statSync(source);
  const length = kind === 'alike' ? size : kind === 'longer' ? 50_000 : 100;
  const old = Buffer.alloc(length, 'old');
  mkdirSync(dirname(destination), { recursive: true });
  writeFileSync(destination, old);
  // To the microsecond: `overwrite: 'changed'` compares no more than that.
  if (kind === 'alike') utimesSync(destination, atime, microseconds(source, mtime));
  return old;
}

function microseconds(source: string, mtime: Date): number {
  const { mtimeNs } = lstatSync(source, { bigint: true });
  return Math.floor(mtime.getTime() / 1000) + Number((mtimeNs % 1_000_000_000n) / 1000n) / 1e6;
}

function verifyCopy(
  place: Place,
  lane: Lane,
  { options, source: name }: Case,
  source: string,
  destination: string,
  copied: Copied,
): void {
  const from = statSync(source, { bigint: true });
  const to = lstatSync(destination, { bigint: true });
  expect(to.isFile()).toBe(true);
  expect(copied.bytes).toBe(Number(from.size));
  expect(Buffer.compare(readFileSync(destination), readFileSync(source)), 'content differs').toBe(0);
  const mask = options.preserve?.includes('special') ? 0o7777n : 0o777n;
  expect((to.mode & 0o7777n).toString(8)).toBe((from.mode & mask).toString(8));
  // node:fs sets times as a double, which has the precision of microseconds.
  expect(Math.abs(Number(to.mtimeNs - from.mtimeNs))).toBeLessThan(lane.native ? 1 : 1000);
  if (name === 'sparse' && copied.method !== 'node_fs') {
    expect(allocatedBytes(destination)).toBeLessThanOrEqual(allocatedBytes(source));
  }
  if (place.clones)
    expect(sharesExtents(source, destination)).toSatisfy(proves(copied.method!, copied.bytes!));
}

/**
 * Which results of {@link sharesExtents} prove that a method did what its name says. btrfs stores up to 2 KiB in its
 * metadata, where blocks cannot be shared; an empty file has no blocks.
 */
function proves(method: string, size: number): (shared: boolean | 'inline') => boolean {
  return (shared) => (shared === 'inline' && size <= 2048) || shared === (method === 'ficlone' && size > 0);
}
