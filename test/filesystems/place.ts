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
import { allocatedBytes, eachSharesExtents, usedBytes } from '../support/extents.ts';
import { type Copied, type Lane, lanes, type Run } from '../support/lanes.ts';
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

interface Done {
  source: string;
  destination: string;
  old: Buffer | undefined;
  copied: Copied;
  /** How many bytes more the filesystem uses. Only of a large file that can be cloned. */
  used: number;
  shared?: boolean | 'inline';
}

/** Runs all cases before the tests, so that one process lists the blocks of all files. */
function describeLane(place: Place, lane: Lane, mounted: () => MountedPlace): void {
  describe(lane.name, () => {
    const done = new Map<Case, Done | { error: unknown }>();
    beforeAll(async () => {
      const opened = await lane.open();
      for (const each of cases)
        done.set(each, await runCase(place, lane, opened.run, mounted(), each).catch((error) => ({ error })));
      await opened.close();
      const files = [...done.values()].filter(
        (each) => 'copied' in each && isFile(each.destination),
      ) as Done[];
      if (!place.clones) return;
      const shared = eachSharesExtents(files.map(({ source, destination }) => [source, destination]));
      for (const [index, each] of files.entries()) each.shared = shared[index]!;
    });

    test.each(cases)('copies $name', (each) => {
      const outcome = done.get(each)!;
      if ('error' in outcome) throw outcome.error;
      const { source, destination, old, copied, used } = outcome;
      const expected = expectedOutcome(place, lane, each);
      expect(copied.method ?? copied.code).toBe(lane.methods?.[expected] ?? expected);
      if (expected === 'ficlone') expect(used).toBeLessThan(MiB);
      if (each.stays || (old && copied.code)) expect(readFileSync(destination)).toEqual(old);
      else if (copied.code) expect(readdirSync(dirname(destination))).toEqual([]);
      else if (expected === 'symlink') expect(readlinkSync(destination)).toBe(readlinkSync(source));
      else verifyCopy(place, lane, each, outcome, expected);
      if (!copied.code) expect(readdirSync(dirname(destination))).toEqual(['copy']);
    });
  });
}

async function runCase(
  place: Place,
  lane: Lane,
  run: Run,
  { source: from, destination: to, blocks }: MountedPlace,
  each: Case,
): Promise<Done> {
  const source = join(from, each.source);
  const destination = join(to, `${lane.name} ${cases.indexOf(each)}`, 'copy');
  const old = each.existing && writeExisting(each.existing, source, destination);
  const isLarge = cloneIsLarge(place, each);
  const before = isLarge ? usedBytes(blocks) : 0;
  const copied = await run(source, destination, each.options);
  return { source, destination, old, copied, used: isLarge ? usedBytes(blocks) - before : 0 };
}

const isFile = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

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
  { source, destination, copied, shared }: Done,
  method: string,
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
  if (name === 'sparse' && method !== 'node_fs') {
    expect(allocatedBytes(destination)).toBeLessThanOrEqual(allocatedBytes(source));
  }
  if (place.clones) expect(shared).toSatisfy(proves(method, copied.bytes!));
}

/**
 * Which results of {@link sharesExtents} prove that a method did what its name says. btrfs stores up to 2 KiB in its
 * metadata, where blocks cannot be shared; an empty file has no blocks.
 */
function proves(method: string, size: number): (shared: boolean | 'inline') => boolean {
  return (shared) => (shared === 'inline' && size <= 2048) || shared === (method === 'ficlone' && size > 0);
}
