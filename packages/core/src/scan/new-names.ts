import path from 'node:path';
import { CopyError } from '../errors.ts';
import { isInside } from '../inside.ts';
import {
  addFile,
  type Files,
  type Folder,
  filterFiles,
  linksOf,
  type Mirrors,
  type WalkedDirectory,
} from '../model/files.ts';
import { EINVAL } from '../platform/errno.ts';
import { isRaw } from '../platform/raw-names.ts';
import { show } from '../schema.ts';
import type { ResolvedTarget } from '../target.ts';
import { join } from './filter.ts';
import { askAbout, type Pending } from './pending.ts';

/** Returns the directory with only the files that `filter` accepts. */
export function* wantedIn(
  filter: NonNullable<ResolvedTarget['filter']>,
  directory: WalkedDirectory,
): Generator<Pending, WalkedDirectory> {
  const { source, names } = directory;
  const given = pathsIn(directory);
  const wanted = yield* askAbout('filter', given, (file) =>
    filter(given[file]!, path.join(source, names[file]!)),
  );
  return filterFiles(directory, (file) => Boolean(wanted[file]));
}

/** The paths of a directory's files, relative to the start of the walk. */
function pathsIn({ relative, names }: WalkedDirectory): string[] {
  return names.map((name) => join(relative, name));
}

/** Applies `flatten` and `rename` to a directory that was found. */
export function* withNewNames(
  target: ResolvedTarget,
  directory: WalkedDirectory,
): Generator<Folder | Pending> {
  const { source, relative, names, alike, unchanged } = directory;
  const { flatten, rename, to: root } = target;
  const below = flatten ? '' : relative;
  const mirrors = flatten ? undefined : mirrorsOf(target, source, relative);
  if (rename === undefined) {
    // A flattened directory without files creates nothing.
    if (names.length > 0 || !flatten)
      yield { source, root, below, mirrors, names, links: directory.links, alike, target, unchanged };
    return;
  }
  const links = linksOf(directory);
  const folders = new Map<string, Files>();
  if (names.length === 0 && !flatten) folders.set(below, { names: [] });
  const given = pathsIn({ ...directory, relative: below });
  const returned =
    typeof rename === 'function'
      ? yield* askAbout('rename', given, (file) => rename(given[file]!, path.join(source, names[file]!)))
      : given.map((each) => path.posix.join(path.posix.dirname(each), rename));
  for (const [file, name] of names.entries()) {
    const renamed = newPath(target, returned[file], given[file]!, path.join(source, name));
    const parent = path.posix.dirname(renamed);
    const key = parent === '.' ? '' : parent;
    let files = folders.get(key);
    if (!files) folders.set(key, (files = { names: [] }));
    addFile(files, name, path.posix.basename(renamed), links.has(file));
  }
  for (const [key, files] of folders) {
    const kept = key === below ? mirrors : undefined;
    yield { source, root, below: key, mirrors: kept, ...files, target };
  }
}

/** A target's `to` is itself the copy of a directory only if it receives the contents of `from`. */
function mirrorsOf({ from }: ResolvedTarget, source: string, relative: string): Mirrors {
  return path.join(from, relative) === source ? 'root' : 'below';
}

/** Checks the path that `rename` returned. Returns it relative to the target's `to`. */
function newPath({ to }: ResolvedTarget, renamed: unknown, given: string, source: string): string {
  if (typeof renamed !== 'string' || renamed === '' || renamed.includes('\0')) {
    throw new TypeError(
      `fs-reflink: rename must return a path, got ${show(renamed)} for ${JSON.stringify(given)}`,
    );
  }
  const destination = path.resolve(to, renamed);
  refuseName(renamed, { source, destination });
  if (destination === to || !isInside(to, destination)) {
    throw new CopyError({
      code: 'ERR_OUTSIDE_DESTINATION',
      reason: `"rename" leads out of ${JSON.stringify(to)}; give a path below it`,
      source,
      destination,
    });
  }
  return path.relative(to, destination).split(path.sep).join('/');
}

/** A colon in a path of Windows, other than that of a drive. */
const COLON = /(?<!^[a-z]):|^[a-z]:(?![\\/])/i;

/** Matches half of a character. A name has one if it was cut in the middle of an emoji. */
const HALF = /\p{Surrogate}/u;

/** Like {@link HALF}, but does not match a half that stands for a byte of a name that is not UTF-8. */
const HALF_AND_NO_BYTE = /[\ud800-\udc7f\udd00-\udfff]/u;

/**
 * Throws for a name that the system would replace by another one. On Windows that is one with a colon: what follows it
 * would name a hidden stream of a file, or a drive. Elsewhere it is one with half a character: U+FFFD would replace
 * it, and several files could get one name. Bytes are kept only if the path of the source is not UTF-8.
 */
function refuseName(renamed: string, paths: { source: string; destination: string }): void {
  const isWindows = path.sep === '\\';
  const half = isRaw(paths.source) ? HALF_AND_NO_BYTE : HALF;
  if (!(isWindows ? COLON : half).test(renamed)) return;
  const shownName = JSON.stringify(renamed);
  const reason = isWindows
    ? `Windows does not allow ":" in a name, and the new path is ${shownName}; give the file another name`
    : `the new path ${shownName} has half a character, which no name can have; cut names between characters, as [...name].slice(0, 20).join('') does`;
  throw new CopyError({ code: 'EINVAL', reason, errno: EINVAL, ...paths });
}
