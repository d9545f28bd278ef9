import path from 'node:path';
import type { Planned, PlannedFile } from '../options.ts';
import type { SettledFolder } from './job.ts';
import type { Queue } from './queue.ts';
import type { TransformedFolder } from './transformed.ts';

/** Looks up what was published; reads only the batches of directories that are asked for. */
export function plannedFiles(
  queue: Queue,
  transformed: readonly TransformedFolder[],
  settled: readonly SettledFolder[],
): Planned {
  return {
    find(paths, ignoreCase = false) {
      const spell = (given: string) => (ignoreCase ? given.toLowerCase() : given);
      const wanted = new Set([...paths].map((each) => spell(path.resolve(each))));
      const directories = new Set([...wanted].map((each) => path.dirname(each)));
      const found: PlannedFile[] = [];
      const add = (to: string, from: string, target: number, names: Iterable<[string, string]>) => {
        if (!directories.has(spell(to))) return;
        for (const [name, as] of names) {
          const destination = path.join(to, as);
          if (!wanted.has(spell(destination))) continue;
          found.push({ source: path.join(from, name), destination, target });
        }
      };
      for (let number = 0; number < queue.length; number++) {
        const { root, below, source, target, names, renamed } = queue.batch(number);
        const pairs = names.map((name, file): [string, string] => [name, renamed?.[file] ?? name]);
        add(path.join(root, below), source, target, pairs);
      }
      for (const { folder, number } of transformed) {
        const pairs = folder.files.map(({ name, as }): [string, string] => [name, as]);
        add(path.join(folder.root, folder.below), folder.source, number, pairs);
      }
      for (const { source, destination, target, names } of settled) {
        add(
          destination,
          source,
          target,
          names.map((name): [string, string] => [name, name]),
        );
      }
      return found;
    },
  };
}
