import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, systemError } from '../errors.ts';
import { EISDIR, ENOENT } from '../platform/errno.ts';
import type { ResolvedTarget } from '../target.ts';
import type { Mirrors } from '../transfer/directories.ts';
import { isWithin } from '../within.ts';
import { kindOf } from './entries.ts';
import type { Folder, FoundFile } from './folder.ts';
import { match, splitGlob } from './glob.ts';
import { followLink, lstatIfThere } from './links.ts';
import { refuseNested } from './nested.ts';
import { type Recall, type WalkedDirectory, walk } from './walk.ts';

export interface ScanOptions {
  follow: boolean;
  /** Told of a target that matches nothing, where that is allowed. */
  onMissing: ((message: string) => void) | undefined;
  recall: Recall | undefined;
}

/** Finds what a target names, a directory at a time, under the names it gets in the destination. */
export function* scan(target: ResolvedTarget, options: ScanOptions): Generator<Folder> {
  const found = named(target, () => locate(target, options));
  if (found === undefined) return;
  const directories = found[Symbol.iterator]();
  let files = 0;
  let folders = 0;
  for (;;) {
    const { done, value: directory } = named(target, () => directories.next());
    if (done) break;
    folders++;
    files += directory.files.length;
    yield* place(
      target,
      named(target, () => belowBase(target, directory)),
    );
  }
  // A directory that is empty is there; a glob that finds nothing is a mistake.
  if (files === 0 && folders === 0) missing(target, options);
}

/** Runs a step of a scan; what it throws names both paths. The user's functions are not called in one. */
function named<T>(target: ResolvedTarget, step: () => T): T {
  try {
    return step();
  } catch (thrown) {
    const { from, to, rename, exact } = target;
    const error = asCopyError(thrown, { source: from });
    if (error.destination !== undefined) throw error;
    const { source = from } = error;
    const below =
      isWithin(from, source) && source !== from ? path.relative(from, source) : path.basename(source);
    const renamed = typeof rename === 'string' && (exact || source === from);
    const destination = path.join(to, renamed ? rename : below);
    throw new CopyError({ ...error.details, source, destination });
  }
}

/** What the target's `from` is, or undefined when it is not there and need not be. */
function locate(target: ResolvedTarget, options: ScanOptions): Iterable<WalkedDirectory> | undefined {
  const { from, ignore } = target;
  const { follow } = options;
  const status = lstatIfThere(from);
  if (!status) {
    const glob = target.exact ? undefined : splitGlob(from);
    return glob
      ? match(glob.base, glob.pattern, { ignore, follow, directories: false })
      : missing(target, options);
  }
  const link = status.isSymbolicLink();
  // A directory that is named itself is always entered, also through a link: its contents are meant.
  const kind =
    link && !follow && !leadsInside(target) ? 'link' : kindOf(link ? followLink(from) : status, from);
  if (kind === 'directory') {
    if (target.exact)
      throw systemError(EISDIR, { source: from, destination: path.join(target.to, target.rename as string) });
    refuseNested(from, target.to);
    if (ignore.length === 0) return walk(from, follow, recallFor(target, options));
    return withRoot(from, match(from, '**', { ignore, follow, directories: true }));
  }
  const name = path.basename(from);
  return [{ source: path.dirname(from), relative: '', files: [{ name, as: name, link }] }];
}

/** What is known of a directory that is placed as it is. */
function recallFor(
  { to, base, rename, flatten, filter, transform }: ResolvedTarget,
  { follow, recall }: ScanOptions,
): Parameters<typeof walk>[2] {
  if (!recall || !follow || base || rename || flatten || filter || transform) return undefined;
  return (source, relative) => recall(source, path.join(to, relative), to);
}

/** A directory that is copied exists in the destination even if everything in it is ignored. */
function* withRoot(from: string, found: Iterable<WalkedDirectory>): Generator<WalkedDirectory> {
  yield { source: from, relative: '', files: [] };
  yield* found;
}

/** Whether a link that is kept has contents that are meant instead; it may lead nowhere, or in a circle. */
function leadsInside({ from, exact }: ResolvedTarget): boolean {
  try {
    return !exact && fs.statSync(from).isDirectory();
  } catch {
    return false;
  }
}

function missing(target: ResolvedTarget, options: ScanOptions): undefined {
  const given = JSON.stringify(target.given);
  if (options.onMissing) {
    options.onMissing(`nothing matches ${given} (looked for ${JSON.stringify(target.from)})`);
    return undefined;
  }
  const destination = target.exact ? path.join(target.to, target.rename as string) : target.to;
  if (target.exact || !splitGlob(target.from))
    throw systemError(ENOENT, { source: target.from, destination });
  throw new CopyError({
    code: 'ERR_NO_MATCH',
    reason: `nothing matches ${given}`,
    source: target.from,
    destination,
  });
}

/** A directory under its path below the target's `base`, where there is one. */
function belowBase({ base, to }: ResolvedTarget, directory: WalkedDirectory): WalkedDirectory {
  if (base === undefined) return directory;
  const { source, files } = directory;
  if (!isWithin(base, source)) {
    throw new CopyError({
      code: 'ERR_OUTSIDE_BASE',
      reason: `it lies outside "base", which is ${JSON.stringify(base)}`,
      source: path.join(source, files[0]?.name ?? ''),
      destination: to,
    });
  }
  return { ...directory, relative: path.relative(base, source).split(path.sep).join('/') };
}

/** Applies filter, flatten and rename to a directory that was found. */
function* place(
  target: ResolvedTarget,
  { source, relative, files, settled }: WalkedDirectory,
): Generator<Folder> {
  const { filter, flatten, rename, to: root } = target;
  const kept = filter
    ? files.filter((file) => isWanted(filter, join(relative, file.name), path.join(source, file.name)))
    : files;
  const below = flatten ? '' : relative;
  const mirrors = flatten ? undefined : mirrorsOf(target, source, relative);
  if (rename === undefined) {
    // A flattened directory that holds no file leaves nothing behind.
    if (kept.length > 0 || !flatten) yield { source, root, below, mirrors, files: kept, target, settled };
    return;
  }
  const folders = new Map<string, FoundFile[]>();
  if (files.length === 0 && !flatten) folders.set(below, []);
  for (const file of kept) {
    const renamed = newPath(target, join(below, file.name), path.join(source, file.name));
    const directory = path.posix.dirname(renamed);
    const key = directory === '.' ? '' : directory;
    const list = folders.get(key) ?? [];
    if (list.length === 0) folders.set(key, list);
    list.push({ ...file, as: path.posix.basename(renamed) });
  }
  for (const [directory, list] of folders) {
    const kept = directory === below ? mirrors : undefined;
    yield { source, root, below: directory, mirrors: kept, files: list, target };
  }
}

/** A target's `to` is a copy only where it gets the contents of a directory. */
function mirrorsOf({ from }: ResolvedTarget, source: string, relative: string): Mirrors {
  return path.join(from, relative) === source ? 'root' : 'below';
}

/** A promise would let every file through, whatever it resolves to. */
function isWanted(filter: NonNullable<ResolvedTarget['filter']>, given: string, source: string): boolean {
  const wanted: unknown = filter(given, source);
  if (wanted instanceof Promise)
    throw new TypeError(
      `fs-reflink: filter must return true or false, got a promise for ${JSON.stringify(given)}`,
    );
  return Boolean(wanted);
}

function newPath({ rename, to }: ResolvedTarget, given: string, source: string): string {
  const renamed =
    typeof rename === 'function'
      ? rename(given, source)
      : path.posix.join(path.posix.dirname(given), rename!);
  if (typeof renamed !== 'string' || renamed === '' || renamed.includes('\0')) {
    throw new TypeError(
      `fs-reflink: rename must return a path, got ${JSON.stringify(renamed)} for ${JSON.stringify(given)}`,
    );
  }
  const destination = path.resolve(to, renamed);
  if (destination === to || !isWithin(to, destination)) {
    throw new CopyError({
      code: 'ERR_OUTSIDE_DESTINATION',
      reason: `rename leaves ${JSON.stringify(to)}`,
      source,
      destination,
    });
  }
  return path.relative(to, destination).split(path.sep).join('/');
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
