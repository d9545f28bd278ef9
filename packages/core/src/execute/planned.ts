import path from 'node:path';
import type { Batch, FileResult, TransformedFolder, UnchangedFolder } from '../model/batch.ts';
import type { CopyEntry, PlannedFile } from '../model/entry.ts';
import { nameAs } from '../model/files.ts';
import type { Planned } from '../options.ts';
import { notedResult } from './outcomes.ts';
import type { Queue } from './queue.ts';

/** Files of one destination directory, and their outcomes. */
interface Part extends Pick<Batch, 'source' | 'root' | 'below' | 'target' | 'names' | 'renamed'> {
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
    findDirectories(paths, ignoreCase = false) {
      const spell = spelling(ignoreCase);
      const directories = new Set<string>();
      for (const { root, below } of partsOf(queue, transformed, unchanged))
        directories.add(spell(path.join(root, below)));
      return [...paths].filter((each) => directories.has(spell(path.resolve(each))));
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
  for (const batch of queue.batches())
    yield { ...batch, result: (file) => batch.outcomes && notedResult(batch.outcomes, file) };
  for (const { folder, number, results } of transformed)
    yield { ...folder, target: number, result: (file) => results[file] };
  for (const folder of unchanged) yield { ...folder, result: () => ({ action: 'unchanged', bytes: 0 }) };
}

function fileOf(part: Part, file: number): PlannedFile {
  const { source, root, below, target, names } = part;
  const destination = path.join(root, below, nameAs(part, file));
  return { source: path.join(source, names[file]!), destination, target };
}

const spelling = (ignoreCase: boolean) => (given: string) => (ignoreCase ? given.toLowerCase() : given);

function* select(
  parts: Iterable<Part>,
  paths: Iterable<string>,
  ignoreCase: boolean,
): Generator<{ file: PlannedFile; result: FileResult | undefined }> {
  const spell = spelling(ignoreCase);
  const wanted = new Set([...paths].map((each) => spell(path.resolve(each))));
  if (wanted.size === 0) return;
  const directories = new Set([...wanted].map((each) => path.dirname(each)));
  for (const part of parts) {
    if (!directories.has(spell(path.join(part.root, part.below)))) continue;
    for (const number of part.names.keys()) {
      const file = fileOf(part, number);
      if (wanted.has(spell(file.destination))) yield { file, result: part.result(number) };
    }
  }
}

/** The first file of each directory that is one of `paths` or is inside one. */
function* selectInside(
  parts: Iterable<Part>,
  paths: Iterable<string>,
  ignoreCase: boolean,
): Generator<PlannedFile> {
  const spell = spelling(ignoreCase);
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
  for (const part of parts)
    if (part.names.length > 0 && isInside(spell(path.join(part.root, part.below)))) yield fileOf(part, 0);
}
