import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Copied, lanes } from '../support/lanes.ts';
import { WINDOWS_10, WINDOWS_11_24H2, WindowsBench } from './bench.ts';
import { type Case, cases, MODIFIED, writeSources } from './cases.ts';
import { Refs } from './refs.ts';
import { describeOnWindows } from './support.ts';

/** CopyFileExW may clone by itself from this build on, and is no way to copy in full. */
const MAY_CLONE_BY_ITSELF = 22_621;

const places = [
  { name: 'Windows 10, a volume that clones', build: WINDOWS_10, clones: true },
  { name: 'Windows 10, a volume that does not', build: WINDOWS_10, clones: false },
  { name: 'Windows 11 24H2', build: WINDOWS_11_24H2, clones: false },
];

function outcomeOn({ expected }: Case, clones: boolean, build: number): string {
  const outcome = clones ? expected.cloning : expected.copying;
  if (outcome !== 'in full') return outcome;
  return build >= MAY_CLONE_BY_ITSELF ? 'read_write' : 'copy_file_ex';
}

for (const { name, build, clones } of places) {
  describeOnWindows(`copies on ${name}`, () => {
    const sources = sourcesOfCases();

    test.each(cases)('$name', async (each) => {
      const refs = new Refs();
      const overrides = clones ? refs.overrides : undefined;
      using bench = new WindowsBench(overrides, { ...each.options, build }, { tree: sources() });
      await check({ ...each, sources: sources() }, outcomeOn(each, clones, build), bench.destination, () => {
        const { method = 'unchanged', bytes, code } = bench.copy(each.source);
        return code === undefined ? { method, bytes: bytes! } : { code };
      });
      expect(bench.open).toEqual(new Set());
      if (outcomeOn(each, clones, build) === 'duplicate_extents') expect(refs.cloned).not.toEqual([]);
      else expect(refs.cloned).toEqual([]);
    });
  });
}

const ownBuild = Number(os.release().split('.')[2]);

for (const lane of lanes) {
  describeOnWindows(`copies by ${lane.name}`, () => {
    const sources = sourcesOfCases();
    let opened: Awaited<ReturnType<typeof lane.open>>;
    beforeAll(async () => {
      opened = await lane.open();
    });
    afterAll(() => opened.close());

    test.each(cases)('$name', async (each) => {
      const root = mkdtempSync(join(os.tmpdir(), 'reflink-lane-'));
      try {
        const outcome = lane.native ? outcomeOn(each, false, ownBuild) : each.expected.portable;
        await check({ ...each, sources: sources() }, outcome, root, () =>
          opened.run(join(sources(), each.source), join(root, each.source), each.options),
        );
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    });
  });
}

function sourcesOfCases(): () => string {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(os.tmpdir(), 'reflink-cases-'));
    writeSources(directory);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return () => directory;
}

/** Prepares what is there before, copies, and looks at what became of it. */
async function check(
  { source, sources, existing, stays, options }: Case & { sources: string },
  outcome: string,
  destination: string,
  act: () => Copied | Promise<Copied>,
): Promise<void> {
  const [from, to] = [join(sources, source), join(destination, source)];
  const before = existing && writeExisting(existing, from, to);
  const started = Date.now();
  const copied = await act();
  expect(copied.code ?? copied.method).toBe(outcome);
  const isPlaced = copied.code === undefined && !stays;
  expect(readdirSync(destination)).toEqual(isPlaced || existing ? [source] : []);
  if (!isPlaced) {
    if (before) expect(readFileSync(to).equals(before)).toBe(true);
    return;
  }
  const [original, copy] = [statSync(from), statSync(to)];
  expect(copied.bytes).toBe(original.size);
  expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  const preserve = options.preserve ?? ['mode', 'timestamps'];
  expect(copy.mode & 0o777).toBe(preserve.includes('mode') ? original.mode & 0o777 : 0o666);
  if (preserve.includes('timestamps')) expect(copy.mtimeMs / 1000).toBeCloseTo(MODIFIED, 3);
  else expect(copy.mtimeMs).toBeGreaterThan(started - 5000);
}

function writeExisting(kind: NonNullable<Case['existing']>, from: string, to: string): Buffer {
  const size = statSync(from).size;
  const content = Buffer.alloc(kind === 'alike' ? size : kind === 'longer' ? size * 3 : 100, 'old');
  writeFileSync(to, content);
  if (kind === 'alike') utimesSync(to, MODIFIED, MODIFIED);
  if (kind === 'read-only') chmodSync(to, 0o444);
  return content;
}
