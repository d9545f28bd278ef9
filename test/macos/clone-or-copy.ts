import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { FileStatus } from '../../packages/core/src/platform/status.ts';
import {
  ANY_DEVICE,
  CLONED_NEW,
  COPIED_NEW,
  type Directory,
  type System,
} from '../../packages/core/src/platform/system.ts';
import { USUAL } from '../support/new-file.ts';

/** What one file of a size costs, in microseconds: the median of the rounds. */
export interface Costs {
  bytes: number;
  clone: number;
  copy: number;
}

/** The fast path copies files below 64 KiB. */
const SIZES = [512, 4096, 16_384, 65_535];

/** Measures what a clone and a copy of one file cost on the fast path, in a directory on a filesystem that clones. */
export function cloneOrCopy(system: System, parent: string, { files = 1000, rounds = 7 } = {}): Costs[] {
  const home = fs.mkdtempSync(path.join(parent, 'fs-reflink-speed-'));
  try {
    return SIZES.map((bytes) => {
      const from = path.join(home, `${bytes}`);
      fs.mkdirSync(from);
      for (let file = 0; file < files; file++)
        fs.writeFileSync(path.join(from, `${file}`), randomBytes(bytes));
      const [clone, copy]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        clone.push(timeOf(system, from, files, true));
        copy.push(timeOf(system, from, files, false));
      }
      return { bytes, clone: median(clone), copy: median(copy) };
    });
  } finally {
    fs.rmSync(home, { recursive: true });
  }
}

/** Microseconds a file. */
function timeOf(system: System, source: string, files: number, mayClone: boolean): number {
  const destination = `${source}-copy`;
  fs.mkdirSync(destination);
  const [from, to] = [source, destination].map((directory) => system.openDirectory(directory) as Directory);
  const [one, other] = [new FileStatus(), new FileStatus()];
  const expected = mayClone ? CLONED_NEW : COPIED_NEW;
  const names = Array.from({ length: files }, (_each, file) => `${file}`);
  const started = performance.now();
  for (const name of names) {
    const answer = system.copyNewFile!(
      from!,
      name,
      to!,
      name,
      Number.POSITIVE_INFINITY,
      ANY_DEVICE,
      mayClone,
      USUAL,
      one,
      other,
    );
    if (answer !== expected)
      throw new Error(`${name} was ${mayClone ? 'not cloned' : 'not copied'}: ${answer}`);
  }
  const microseconds = (1000 * (performance.now() - started)) / files;
  for (const directory of [from!, to!]) system.closeDirectory(directory);
  fs.rmSync(destination, { recursive: true });
  return microseconds;
}

function median(values: number[]): number {
  return Number(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!.toFixed(1));
}
