import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { usedBytes } from '../test/support/extents.ts';
import { type Contender, type Figure, megabytes, type Outcome, type Unit } from './contenders/contender.ts';

export interface Race {
  from: string;
  /** A directory on the filesystem that is measured; every run gets a fresh folder in it. */
  scratch: string;
  rounds: number;
  /** Rounds before the first that counts: they compile the code and fill the caches. @default 1 */
  warmUps?: number;
  /** Reads the source before each round, so that every contender finds it in the page cache. @default true */
  prefetch?: boolean;
  /** Also tells how much more of the filesystem each run took up. */
  countNewData?: boolean;
}

export interface Series {
  label: string;
  unit: Unit;
  values: number[];
  note?: string;
}

/** A slow contender takes part in the first of so many rounds. */
const SLOW_TURNS = 6;

/**
 * Lets the contenders run in turn, round after round. Each round begins with another one, because a run may be slower
 * while the disk is still busy with what was before it. A wrong result ends the race; a slow one never does.
 */
export async function race(contenders: Contender[], options: Race): Promise<Series[]> {
  const expected = sizesBelow(options.from);
  const series = new Map<string, Series>();
  for (let round = -(options.warmUps ?? 1); round < options.rounds; round++) {
    if (options.prefetch ?? true) readAll(options.from, expected.keys());
    const first = Math.abs(round) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      if (contender.slow && round % SLOW_TURNS !== 0) continue;
      // A signal that ends the benchmark is noticed between turns only.
      await setImmediate();
      const outcome = await runOnce(contender, options, expected);
      if (round >= 0) record(series, outcome);
    }
  }
  return [...series.values()];
}

async function runOnce(contender: Contender, options: Race, expected: Map<string, number>): Promise<Outcome> {
  const folder = mkdtempSync(join(options.scratch, 'run-'));
  try {
    const to = join(folder, 'copy');
    writeOut(options.scratch);
    const usedBefore = options.countNewData ? usedBytes(folder) : 0;
    const { figures, note } = await contender.run(options.from, to);
    // What is still to be written has no blocks yet. Otherwise it goes with the folder, before it costs the next one.
    if (options.countNewData) writeOut(options.scratch);
    const newData = options.countNewData
      ? { [`${contender.name}: new data`]: megabytes(usedBytes(folder) - usedBefore) }
      : {};
    verify(contender, options.from, to, expected);
    return { figures: { ...figures, ...newData }, ...(note && { note }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function record(all: Map<string, Series>, { figures, note }: Outcome): void {
  for (const [label, { value, unit }] of Object.entries<Figure>(figures)) {
    const series = all.get(label) ?? { label, unit, values: [], ...(note && { note }) };
    series.values.push(value);
    all.set(label, series);
  }
}

function verify(contender: Contender, from: string, to: string, expected: Map<string, number>): void {
  const leaves = contender.leaves ?? 'copy';
  if (leaves === 'nothing') return;
  const wrong = (what: string) => new Error(`${contender.name}: ${what}`);
  if (!existsSync(to)) throw wrong('it left no destination');
  const found = sizesBelow(to);
  for (const [path, size] of expected) {
    if (!found.has(path)) throw wrong(`${path} is missing`);
    if (found.get(path) !== size) throw wrong(`${path} has ${found.get(path)} bytes instead of ${size}`);
  }
  if (leaves === 'copy' && found.size > expected.size) {
    throw wrong(`${found.size} files instead of ${expected.size}`);
  }
  for (const path of sampleOf([...expected.keys()])) {
    if (!sameContent(join(from, path), join(to, path)))
      throw wrong(`${path} has other bytes than its source`);
  }
}

const SAMPLES = 50;
const SLICE = 64 * 1024;

function sampleOf(paths: string[]): string[] {
  const step = Math.ceil(paths.length / SAMPLES);
  return paths.filter((_, index) => index % step === 0);
}

/** Beginning, middle and end: enough to find a file of zeros or of another's bytes. */
function sameContent(left: string, right: string): boolean {
  const { size } = statSync(left);
  const positions = [0, Math.max(0, Math.floor(size / 2)), Math.max(0, size - SLICE)];
  return positions.every((position) => slice(left, position).equals(slice(right, position)));
}

function slice(path: string, position: number): Buffer {
  const buffer = Buffer.alloc(SLICE);
  return reading(path, (descriptor) => buffer.subarray(0, readSync(descriptor, buffer, 0, SLICE, position)));
}

function readAll(from: string, paths: Iterable<string>): void {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (const path of paths) {
    reading(join(from, path), (descriptor) => {
      while (readSync(descriptor, buffer) > 0);
    });
  }
}

function reading<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function sizesBelow(root: string): Map<string, number> {
  const sizes = new Map<string, number>();
  const visit = (directory: string) => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = directory ? join(directory, entry.name) : entry.name;
      if (entry.isDirectory()) visit(path);
      else sizes.set(path, statSync(join(root, path)).size);
    }
  };
  visit('');
  return sizes;
}

function writeOut(directory: string): void {
  spawnSync('sync', ['-f', directory]);
}
