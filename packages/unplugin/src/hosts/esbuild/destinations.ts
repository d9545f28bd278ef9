import fs from 'node:fs';
import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { statsOf } from '../../targets/stats.ts';
import { type OutputTargets, sourcesOf } from '../../targets/targets.ts';

/**
 * The existing directories that the files of a report are in, all directories between them and the output, and the
 * copies of those directories in `sources` that have no files.
 */
export function destinationDirectories(
  { entries = [] }: Pick<CopyReport, 'entries'>,
  { publicTargets, targets }: OutputTargets,
  directory: string,
  sources: readonly string[],
): Set<string> {
  const all = [...publicTargets, ...targets];
  const tops = new Set([directory, ...all.map(({ to = '.' }) => directoryAt(path.resolve(directory, to)))]);
  const found = new Set(tops);
  const add = (destination: string) => {
    for (let each = destination; !found.has(each) && path.dirname(each) !== each; each = path.dirname(each))
      found.add(each);
  };
  for (const { destination, action } of entries) {
    if (action !== 'pruned') add(path.dirname(destination));
  }
  for (const target of all) {
    const to = path.resolve(directory, target.to ?? '.');
    for (const from of sourcesOf(target)) {
      const inside = sources.filter((source) => source.startsWith(from + path.sep));
      const copies = inside.map((source) => path.join(to, path.relative(from, source)));
      for (const each of copies) if (fs.existsSync(each)) add(each);
    }
  }
  return new Set([...found].filter((each) => fs.existsSync(each)));
}

/** A target's `to` may be the path of its only file. Then this returns the directory of the file. */
function directoryAt(to: string): string {
  return statsOf(to)?.isFile() ? path.dirname(to) : to;
}
