import path from 'node:path';
import type { FileResult, TransformedFolder, UnchangedFolder } from '../model/batch.ts';
import type { CopyEntry } from '../model/entry.ts';
import { nameAs } from '../model/files.ts';
import type { PlannedFile } from '../model/planned-file.ts';
import type { Planned } from '../options.ts';
import { notedResult } from './outcomes.ts';
import type { Queue } from './queue.ts';

/** Files of one destination directory, and their outcomes. */
interface Part {
  from: string;
  to: string;
  target: number;
  /** Each file's name, and its name in the destination. */
  names(): [string, string][];
  result(file: number): FileResult | undefined;
}

/** Looks up published files. Reads only the batches of the directories in question. */
export function plannedFiles(
  queue: Queue,
  transformed: readonly TransformedFolder[],
  unchanged: readonly UnchangedFolder[],
): Planned {
  return {
    files: queue.files + transformed.reduce((sum, { folder }) => sum + folder.names.length, 0),
    find(paths, ignoreCase = false) {
      const found: PlannedFile[] = [];
      for (const { file } of select(partsOf(queue, transformed, unchanged), paths, ignoreCase))
        found.push(file);
      return found;
    },
    findInside(paths, ignoreCase = false) {
      return [...selectInside(partsOf(queue, transformed, unchanged), paths, ignoreCase)];
    },
    entries(paths) {
      const found: CopyEntry[] = [];
      for (const { file, result } of select(partsOf(queue, transformed, unchanged), paths, false)) {
        const { source, destination } = file;
        if (result) found.push({ source, destination, ...result });
      }
      return found;
    },
  };
}

function* partsOf(
  queue: Queue,
  transformed: readonly TransformedFolder[],
  unchanged: readonly UnchangedFolder[],
): Generator<Part> {
  for (const { root, below, source, target, names, renamed, outcomes } of queue.batches()) {
    yield {
      from: source,
      to: path.join(root, below),
      target,
      names: () => names.map((name, file) => [name, renamed?.[file] ?? name]),
      result: (file) => outcomes && notedResult(outcomes, file),
    };
  }
  for (const { folder, number, results } of transformed) {
    yield {
      from: folder.source,
      to: path.join(folder.root, folder.below),
      target: number,
      names: () => folder.names.map((name, file) => [name, nameAs(folder, file)]),
      result: (file) => results[file],
    };
  }
  for (const { source, destination, target, names } of unchanged) {
    yield {
      from: source,
      to: destination,
      target,
      names: () => names.map((name) => [name, name]),
      result: () => ({ action: 'unchanged', bytes: 0 }),
    };
  }
}

function* select(
  parts: Iterable<Part>,
  paths: Iterable<string>,
  ignoreCase: boolean,
): Generator<{ file: PlannedFile; result: FileResult | undefined }> {
  const spell = (given: string) => (ignoreCase ? given.toLowerCase() : given);
  const wanted = new Set([...paths].map((each) => spell(path.resolve(each))));
  if (wanted.size === 0) return;
  const directories = new Set([...wanted].map((each) => path.dirname(each)));
  for (const { from, to, target, names, result } of parts) {
    if (!directories.has(spell(to))) continue;
    for (const [number, [name, as]] of names().entries()) {
      const destination = path.join(to, as);
      if (!wanted.has(spell(destination))) continue;
      yield { file: { source: path.join(from, name), destination, target }, result: result(number) };
    }
  }
}

/** The first file of each directory that is one of `paths` or is inside one. */
function* selectInside(
  parts: Iterable<Part>,
  paths: Iterable<string>,
  ignoreCase: boolean,
): Generator<PlannedFile> {
  const spell = (given: string) => (ignoreCase ? given.toLowerCase() : given);
  const inside = new Map([...paths].map((each) => [spell(path.resolve(each)), true]));
  if (inside.size === 0) return;
  const isInside = (directory: string): boolean => {
    const known = inside.get(directory);
    if (known !== undefined) return known;
    const parent = path.dirname(directory);
    const found = parent !== directory && isInside(parent);
    inside.set(directory, found);
    return found;
  };
  for (const { from, to, target, names } of parts) {
    if (!isInside(spell(to))) continue;
    const [first] = names();
    if (first) yield { source: path.join(from, first[0]), destination: path.join(to, first[1]), target };
  }
}
