import type fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, systemError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { type Folder, filterFiles, type WalkedDirectory } from '../model/files.ts';
import { EISDIR, ENOENT } from '../platform/errno.ts';
import { exists, isDirectory, statOf } from '../platform/path-status.ts';
import type { ResolvedTarget } from '../target.ts';
import { followLink, kindOf, lstatIfThere } from './entries.ts';
import { DirectoryFilter, FilteredDirectories } from './filter.ts';
import { splitGlob, toExclusion, toIgnored, walkGlob } from './glob.ts';
import { type Glob, isDynamic, Matcher, unescaped } from './matcher.ts';
import { refuseLinksAround, refuseNested } from './nested.ts';
import { wantedIn, withNewNames } from './new-names.ts';
import { Pending } from './pending.ts';
import { type Recall, type WalkOptions, walk } from './walk.ts';

/** How many directories a warning names at most. */
const MOST_SHOWN = 3;

export interface ScanSettings {
  /** Knows directories whose files are already up to date, so that they are not read again. */
  recall?: Recall | undefined;
  targets: readonly ResolvedTarget[];
  symlinks: 'follow' | 'keep';
  /**
   * Whether names that are not UTF-8 are copied too, as strings that can be converted back to bytes. By default they
   * are refused.
   */
  raw?: boolean | undefined;
  /** Whether FIFOs, devices and sockets are copied too. */
  devices?: boolean;
  allowMissing: boolean;
  /**
   * Called with an error of something that cannot be read, in place of throwing it. Throws it if it has to end the
   * scan.
   */
  onError?: ((error: unknown) => void) | undefined;
}

/**
 * Finds the files of all targets, in the order of the targets. `warn` is called if a target matches nothing, if a
 * glob matches directories, or if a pattern of `ignore` is written as if it were relative to another directory.
 */
export function* scanTargets(
  { targets, symlinks, raw, devices = false, allowMissing, recall, onError = rethrow }: ScanSettings,
  warn: (message: string) => void,
): Generator<Folder | Pending> {
  for (const each of ignoredElsewhere(targets))
    warn(
      `ignore: ${JSON.stringify(each)} ignores nothing, because no target has files there; correct the path, or write it relative to the directory that is copied`,
    );
  for (const message of warningsOfRepeatedPaths(targets)) warn(message);
  for (const target of targets) {
    const follow = (target.symlinks ?? symlinks) === 'follow';
    const special = target.preserve?.includes('devices') ?? devices;
    yield* scanTarget(target, { follow, raw, devices: special, allowMissing, warn, recall, onError });
  }
}

/** What the scan of one target needs. */
interface ScanOptions extends Pick<ScanSettings, 'raw' | 'allowMissing' | 'recall'> {
  follow: boolean;
  devices: boolean;
  warn: (message: string) => void;
  onError: (error: unknown) => void;
}

/** Finds the files of a target, one directory at a time, with their names in the destination. */
function* scanTarget(target: ResolvedTarget, options: ScanOptions): Generator<Folder | Pending> {
  if (!target.others) return yield* scanSource(target, options);
  const seen = new Set<string>();
  const isNew = (file: string) => {
    const before = seen.size;
    return seen.add(file).size > before;
  };
  for (const { given, from } of [target, ...target.others]) {
    for (const folder of scanSource({ ...target, given, from }, options)) {
      if (folder instanceof Pending) {
        yield folder;
        continue;
      }
      const { names } = folder;
      const fresh = filterFiles(folder, (file) => isNew(path.join(folder.source, names[file]!)));
      if (names.length === 0 || fresh.names.length > 0) yield { ...fresh, target };
    }
  }
}

/** Scans one source of the target. */
function* scanSource(target: ResolvedTarget, options: ScanOptions): Generator<Folder | Pending> {
  const filter = new DirectoryFilter(target);
  if (target.warning) options.warn(target.warning);
  let left: string[] = [];
  const onLeftOut = (directories: string[]) => {
    left = directories;
  };
  let isComplete = true;
  const onError = (thrown: unknown) => {
    options.onError(withBothPaths(target, thrown));
    isComplete = false;
  };
  let found: Iterable<WalkedDirectory> | undefined;
  try {
    found = locate(target, { ...options, filter, onLeftOut, onError });
  } catch (error) {
    onError(error);
  }
  if (found === undefined) return;
  const directories = found[Symbol.iterator]();
  const filtered = target.filter && new FilteredDirectories(target);
  let files = 0;
  let folders = 0;
  for (;;) {
    const { done, value } = named(target, () => directories.next());
    filter.check();
    if (done) break;
    folders++;
    files += value.names.length;
    const directory = named(target, () => belowBase(target, value));
    const kept = target.filter ? yield* wantedIn(target.filter, directory) : directory;
    filtered?.add(directory, kept.names.length);
    if (!filtered || kept.names.length > 0) yield* withNewNames(target, kept);
  }
  for (const directory of filtered?.empty ?? []) yield* withNewNames(target, directory);
  // An empty directory exists; a glob that finds nothing is a mistake.
  if (files === 0 && folders === 0 && isComplete) missing(target, options, left);
  else if (left.length > 0)
    options.warn(
      `${describeLeftOut(target, left)}; what is ignored ("ignore", --exclude) is not warned about`,
    );
}

/** The warning about a glob that matches directories: `public/*` looks as if it included their contents. */
function describeLeftOut({ given }: ResolvedTarget, directories: readonly string[]): string {
  const count = directories.length;
  const shown = directories
    .toSorted()
    .slice(0, MOST_SHOWN)
    .map((each) => JSON.stringify(each));
  const more = count > MOST_SHOWN ? ` and ${count - MOST_SHOWN} more` : '';
  const [noun, them] = count === 1 ? ['directory', 'it'] : ['directories', 'them'];
  const all = /(^|[\\/])\*$/.test(given) ? `${given}*` : `${given}/**`;
  return (
    `${JSON.stringify(given)} matches ${count} ${noun} (${shown.join(', ')}${more}), but a glob copies only files: ` +
    `nothing in ${them} is copied; to copy ${them} too, use ${JSON.stringify(all)}`
  );
}

/** Runs a step of a scan, and adds both paths to an error. No step throws errors of the user's functions. */
function named<T>(target: ResolvedTarget, step: () => T): T {
  try {
    return step();
  } catch (thrown) {
    throw withBothPaths(target, thrown);
  }
}

function withBothPaths(target: ResolvedTarget, thrown: unknown): CopyError {
  const error = asCopyError(thrown, { source: target.from });
  if (error.destination !== undefined) return error;
  const { details } = error;
  const { source = target.from } = details;
  return new CopyError({ ...details, source, destination: destinationOf(target, source) });
}

/**
 * The destination of a source, for messages. Calls no function of the user; a path that stat fails for counts as a
 * file.
 */
function destinationOf({ from, to, base, rename, exact }: ResolvedTarget, source: string): string {
  const status = statOf(from);
  const glob = status || exact ? undefined : splitGlob(from);
  // What the glob matches is not known yet.
  if (glob && source === from) return to;
  const isTree = status?.isDirectory() ?? false;
  if (typeof rename === 'string' && (exact || (source === from && !isTree))) return path.join(to, rename);
  const root = base ?? glob?.base ?? (isTree ? from : path.dirname(from));
  return path.join(to, isInside(root, source) ? path.relative(root, source) : path.basename(source));
}

interface LocateOptions extends ScanOptions {
  filter: DirectoryFilter;
  onLeftOut: (directories: string[]) => void;
}

/** Finds the target's `from`. Returns undefined if it is ignored, or if it is missing and `allowMissing` is set. */
function locate(target: ResolvedTarget, options: LocateOptions): Iterable<WalkedDirectory> | undefined {
  const { from } = target;
  const { follow, raw, devices, filter, onLeftOut, onError } = options;
  const walkFrom = (root: string) => ({
    raw,
    devices,
    recall: recallFor(target, options),
    enter: filter.below(root),
    onLinked: refuseLinksAround(target.to),
    onError,
  });
  const status = lookAt(target);
  if (!status) {
    const glob = target.exact ? undefined : splitGlob(from);
    if (!glob) return missing(target, options);
    const excluded = exclusionsOf(target, glob.base);
    return walkGlob(glob, { ...walkFrom(glob.base), follow, excluded, onLeftOut });
  }
  const link = status.isSymbolicLink();
  // A directory that the target names is always entered, also through a link, because its contents are meant.
  const kind =
    link && !follow && (target.exact || !isDirectory(from))
      ? 'link'
      : kindOf(link ? followLink(from) : status, devices, from);
  if (kind === 'directory') {
    if (target.exact)
      throw systemError(EISDIR, { source: from, destination: path.join(target.to, target.rename as string) });
    refuseNested(from, target.to);
    return walk(from, follow, { ...walkFrom(from), matcher: ignoring(target, from) });
  }
  const [source, name] = [path.dirname(from), path.basename(from)];
  if (ignoring(target, source)?.hasFile(name) === false) return undefined;
  return [{ source, relative: '', names: [name], ...((link || kind === 'special') && { links: [0] }) }];
}

/** The lstat of `from`. Returns undefined if nothing exists there. */
function lookAt({ from, exact }: ResolvedTarget): fs.Stats | undefined {
  try {
    return lstatIfThere(from);
  } catch (error) {
    // A glob may be longer than a name can be.
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG' && !exact && splitGlob(from))
      return undefined;
    throw error;
  }
}

function ignoring(target: ResolvedTarget, directory: string): Matcher | undefined {
  const excluded = exclusionsOf(target, directory);
  return excluded.length > 0 ? new Matcher(directory, undefined, excluded) : undefined;
}

/** What is not copied. Patterns of `ignore` are relative to `base`. */
function exclusionsOf({ ignore, excluded = [] }: ResolvedTarget, base: string): Glob[] {
  return [...ignore.map((each) => toIgnored(each, base)), ...excluded.map(toExclusion)];
}

/** The function that recalls directories. Returns undefined if the target may change names or contents. */
function recallFor(
  { to, others, base, rename, flatten, filter, transform }: ResolvedTarget,
  { follow, recall }: ScanOptions,
): WalkOptions['recall'] {
  if (!recall || !follow || base || rename || flatten || transform) return undefined;
  return (source, relative, names) => {
    const recalled = recall(source, path.join(to, relative), to, names);
    // The destination may also have files that `filter` refuses now, or files of another source of the target.
    return recalled && (filter || others) ? { ...recalled, alone: false } : recalled;
  };
}

/** Handles a target that matches no file. `left` are the directories that match. */
function missing(
  target: ResolvedTarget,
  { allowMissing, warn }: ScanOptions,
  left: readonly string[] = [],
): undefined {
  const given = JSON.stringify(target.given);
  if (allowMissing) {
    const lookedFor = target.given === target.from ? '' : ` (looked for ${JSON.stringify(target.from)})`;
    const nothing = `nothing matches ${given}${lookedFor}`;
    warn(left.length > 0 ? describeLeftOut(target, left) : nothing);
    return undefined;
  }
  const destination = target.exact ? path.join(target.to, target.rename as string) : target.to;
  const { from: source, exact } = target;
  const allow = 'or set "allowMissing" (--ignore-missing-args) to go on with a warning';
  if (exact || !splitGlob(source)) {
    const reason = `the source does not exist${exact ? '' : `; correct its path, ${allow}`}`;
    throw new CopyError({ code: 'ENOENT', reason, errno: ENOENT, source, destination });
  }
  // On POSIX, a backslash before a letter escapes nothing: it was meant as a separator. On Windows every path has
  // backslashes.
  const slashes = path.sep === '/' && /\\\w/.test(target.given) ? ': write "/" in place of "\\"' : '';
  const nothing = `nothing matches ${given}; correct the glob${slashes}, ${allow}`;
  const reason = left.length > 0 ? describeLeftOut(target, left) : nothing;
  throw new CopyError({ code: 'ERR_NO_MATCH', reason, source, destination });
}

/** Returns the directory with its path relative to the target's `base`, if the target has one. */
function belowBase({ base, to }: ResolvedTarget, directory: WalkedDirectory): WalkedDirectory {
  if (base === undefined) return directory;
  const { source, names } = directory;
  if (!isInside(base, source)) {
    throw new CopyError({
      code: 'ERR_OUTSIDE_BASE',
      reason: `it lies outside "base", which is ${JSON.stringify(base)}`,
      source: path.join(source, names[0] ?? ''),
      destination: to,
    });
  }
  return { ...directory, relative: path.relative(base, source).split(path.sep).join('/') };
}

/** The absolute paths and globs in `ignore` that are not in any directory the targets copy from. */
function ignoredElsewhere(targets: readonly ResolvedTarget[]): string[] {
  const ignored = new Set(targets.flatMap(({ ignore }) => ignore.filter((each) => path.isAbsolute(each))));
  if (ignored.size === 0) return [];
  const sources = targets
    .flatMap((target) => [target, ...(target.others ?? [])])
    .map(({ from }) => startOf(from));
  return [...ignored].filter((each) => {
    const { base } = toExclusion(each);
    return !sources.some((source) => isInside(source, base) || isInside(base, source));
  });
}

/**
 * A warning for each pattern of `ignore` that begins with the end of a source's path, as `public/drafts/*` does for
 * the source `public`: it looks as if it were relative to the current directory. A list may be for several sources, so
 * there is no warning if another source has such a directory, or if the source has nothing that could be meant.
 */
function warningsOfRepeatedPaths(targets: readonly ResolvedTarget[]): string[] {
  const directoriesOf = new Map<string, string[]>();
  for (const { ignore, from, others = [] } of targets) {
    // The command line adds `X/**` to each `X`: one warning is enough for both.
    const isNew = (each: string) => !each.endsWith('/**') || !ignore.includes(each.slice(0, -'/**'.length));
    const patterns = ignore.filter((each) => each.includes('/') && !path.isAbsolute(each) && isNew(each));
    if (patterns.length === 0) continue;
    const directories = [from, ...others.map((each) => each.from)].map(startOf).filter(isDirectory);
    for (const each of patterns)
      directoriesOf.set(each, [...(directoriesOf.get(each) ?? []), ...directories]);
  }
  return [...directoriesOf].flatMap(([pattern, directories]) => {
    const parts = pattern.split('/');
    const warnings = new Set<string>();
    for (const directory of directories) {
      const rest = partsBelow(parts, directory).join('/');
      if (/^[*/]*$/.test(rest)) continue;
      warnings.add(
        `ignore: ${JSON.stringify(pattern)} ignores nothing, because it is relative to ${JSON.stringify(directory)}; write ${JSON.stringify(rest)}`,
      );
    }
    const isRight = warnings.size > 0 && directories.some((each) => exists(path.join(each, parts[0]!)));
    return isRight ? [] : [...warnings];
  });
}

/**
 * The parts of a pattern after those that repeat the end of a directory's path. Returns none if there is no such end,
 * or if what they name does not exist in the directory.
 */
function partsBelow(pattern: readonly string[], directory: string): string[] {
  const last = pattern.findLastIndex((_, position) =>
    directory.endsWith(path.sep + pattern.slice(0, position + 1).join(path.sep)),
  );
  const [first, ...others] = pattern.slice(last + 1);
  if (last < 0 || first === undefined) return [];
  return isDynamic(first) || exists(path.join(directory, unescaped(first))) ? [first, ...others] : [];
}

/** The source that is copied: a directory, a file, or the directory that a glob's search starts from. */
function startOf(from: string): string {
  return exists(from) ? from : (splitGlob(from)?.base ?? from);
}

function rethrow(error: unknown): void {
  throw error;
}
