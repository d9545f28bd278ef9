import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import type { Folder } from '../model/files.ts';
import { realPath } from '../platform/path-status.ts';
import { isWithin } from '../scan/nested.ts';
import { keptIn } from './kept.ts';

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
  for (const destination of roots) refuseSourcePaths(destination, sources, keep);
}

/** Like {@link refuseSources}, for given source paths. */
export function refuseSourcePaths(
  destination: string,
  sources: readonly string[],
  keep: readonly string[],
): void {
  const root = realPath(destination);
  const kept = keptIn(root, keep);
  const all = new Set(sources);
  for (const source of all) {
    const real = realPath(source);
    // Below another source, the check of the other source is enough.
    const isOutermost = !all.has(path.dirname(source));
    if (!isInside(root, real) && !(isOutermost && isWithin(root, real))) continue;
    if (kept.some((each) => isInside(each, real))) continue;
    const reason =
      'the source lies inside the destination, which is to be emptied; choose another destination';
    throw new CopyError({ code: 'ERR_NESTED', reason, source, destination });
  }
}
