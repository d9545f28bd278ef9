import fs from 'node:fs';
import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import type { Folder } from '../model/folder.ts';

/** Throws if a directory to empty contains a source of the copy. */
export function refuseSources(
  roots: Iterable<string>,
  folders: readonly Folder[],
  keep: readonly string[],
): void {
  // Below its root, an unchanged folder is no link and contains none.
  const unknown = folders.filter(({ below, unchanged }) => !unchanged || below === '');
  const sources = unknown.flatMap(({ source, names, links = [] }) => [
    source,
    ...links.map((file) => path.join(source, names[file]!)),
  ]);
  for (const destination of roots) refuseNested(destination, sources, keep);
}

/** Like {@link refuseSources}, for given source paths. */
export function refuseNested(destination: string, sources: readonly string[], keep: readonly string[]): void {
  const root = realPath(destination);
  const kept = keep.map((each) => path.resolve(root, each));
  for (const source of new Set(sources)) {
    const real = realPath(source);
    if (!isInside(root, real) || kept.some((each) => isInside(each, real))) continue;
    const reason =
      'the source lies inside the destination, which is to be emptied; choose another destination';
    throw new CopyError({ code: 'ERR_NESTED', reason, source, destination });
  }
}

function realPath(given: string): string {
  try {
    return fs.realpathSync.native(given);
  } catch {
    // The path does not exist: then nothing can be lost there.
    return given;
  }
}
