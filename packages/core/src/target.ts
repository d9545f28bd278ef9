import path from 'node:path';
import { isUint8Array } from 'node:util/types';
import { CopyError } from './errors.ts';
import { isInside } from './inside.ts';
import type { Attribute, TransferSettings } from './model/settings.ts';
import { splitFrom, toPath } from './path-or-url.ts';
import { exists, isDirectory } from './platform/path-status.ts';

/** What {@link Target.transform} gets besides the content of a file. */
export interface TransformedFile {
  /** Absolute path of the source. */
  source: string;
  /** Path below the target's `to`, with forward slashes. */
  path: string;
}

/** The function that makes the content of a file; see {@link Target.transform}. */
export type Transform = (
  content: Buffer,
  file: TransformedFile,
) => string | Uint8Array | Promise<string | Uint8Array>;

/**
 * What a {@link Transform} has returned, as bytes.
 *
 * @throws {TypeError} if it is neither a string nor bytes, or if its bytes were transferred to another thread
 */
export function bytesOf(made: unknown): Buffer {
  if (typeof made === 'string') return Buffer.from(made, 'utf8');
  // Not `instanceof`: a function of another realm (node:vm, where test runners run tests) has its own Uint8Array.
  if (isUint8Array(made)) return Buffer.from(made.buffer, made.byteOffset, made.byteLength);
  throw new TypeError(`it must return a string or bytes, got ${made === null ? 'null' : typeof made}`);
}

/** What to copy, and where to. `Path` is what a path may be: by default also a `file:` URL. */
export interface Target<Path extends string | URL = string | URL> {
  /**
   * What to copy. A directory means its contents. A file means the file. A glob (fast-glob syntax, forward slashes)
   * means the files that match, below its fixed part: `public/*` leaves out what is in directories, with a warning;
   * `public/**` copies everything. A path that exists is never taken for a glob. Relative to the option `cwd`, or a
   * `file:` URL.
   *
   * An array is one target with several of these. Each entry has to exist or match, and has its own base. A file that
   * several entries match is copied once, by the first of them. An entry that begins with `!` leaves out what it
   * names or matches, directories with everything in them: `['assets/**', '!assets/**\/*.map']`. Its position does
   * not matter. For a file whose name begins with `!` write `'./!name'`.
   */
  from: Path | readonly Path[];
  /**
   * The directory that the files go to; it is created if it is missing. Relative to the option `cwd`, which `'.'` and
   * `''` mean. A relative path that leaves `cwd`, and a path outside the option `allowedRoots`, fail with
   * `ERR_OUTSIDE_DESTINATION` unless {@link Target.allowOutside} is true.
   *
   * `to` is the new file if `from` is one file, `to` ends with the same extension, in upper or lower case, and
   * neither `base` nor `rename` is set: `{ from: 'en.json', to: 'data/english.json' }`. A path that ends with a
   * slash, or that is a directory already, stays a directory.
   *
   * @default '.'
   */
  to?: Path;
  /**
   * Whether `to` may lie outside the option `cwd` (as a relative path) or outside the option `allowedRoots`.
   *
   * @default false
   */
  allowOutside?: boolean;
  /**
   * Each file keeps its path relative to `base`, and gets it below `to`. `base` has to contain everything that `from`
   * names. Relative to the option `cwd`.
   *
   * @default the directory `from`; the fixed part of a glob; the directory of a file
   */
  base?: Path;
  /**
   * Globs of what not to copy. They are relative to the directory `from`, to the fixed part of a glob, or to the
   * directory of a file. Dotfiles match too. A glob that names a directory (`docs`, `docs/**`) leaves it out with
   * everything in it, and the directory is not read. A glob whose last part has wildcards (`*.map`) leaves out only
   * what it matches. A glob or path may be absolute. If it lies in nothing that is copied, or if a relative one repeats
   * the end of `from` (`public/drafts/*` where `from` is `public`), a warning names it.
   *
   * @default []
   */
  ignore?: string | readonly string[];
  /**
   * The new path of each file. A string is the new file name. A function gets the path relative to `to`, with forward
   * slashes, and the absolute path of the source. It returns the new path relative to `to`, or a promise of it. If it
   * returns promises, it is called for up to 64 files of a directory at a time. `copySync` and `listSync` cannot
   * wait: a promise there is a TypeError.
   */
  rename?: string | ((path: string, source: string) => string | Promise<string>);
  /**
   * Copies all files directly into `to`, without their directories.
   *
   * @default false
   */
  flatten?: boolean;
  /**
   * Returns false for a file to leave out. Gets the path relative to the base, and the absolute path of the source.
   * It is called for files and links, never for directories: `(path) => path.endsWith('.png')` finds images at any
   * depth. A directory in which it keeps no file, at any depth, is not created. A directory that is empty in the
   * source is copied, and the directory that `from` names is always created. It may return a promise, as {@link
   * Target.rename} may.
   */
  filter?: (path: string, source: string) => boolean | Promise<boolean>;
  /**
   * Returns false for a directory to leave out with everything in it. Then the directory is not read, and `filter` is
   * not called for its files. Gets the path relative to the base, and the absolute path of the source. It is called
   * for each directory below the one that `from` names, or below the fixed part of a glob, also for links to
   * directories that are followed. It may not be asynchronous.
   */
  directoryFilter?: (path: string, source: string) => boolean;
  /**
   * What happens if the destination of a file of this target exists. It also decides between two files of this target
   * that go to one destination: `true`, `'changed'` and `'older'` keep the last file, `false` the first. If it is not
   * set, or `'error'`, the copy fails with `ERR_COLLISION`.
   *
   * @default the option of the same name
   */
  overwrite?: TransferSettings['overwrite'];
  /**
   * What happens to symbolic links in this target: see the option of the same name.
   *
   * @default the option of the same name
   */
  symlinks?: 'follow' | 'keep';
  /**
   * Attributes that files and directories of this target get from their sources: see the option of the same name.
   * With `links`, hard links are kept between files of targets with the same `preserve`.
   *
   * @default the option of the same name
   */
  preserve?: readonly Attribute[];
  /**
   * Makes the content that is written in place of the file's own. A string is written as UTF-8. Such a file is read
   * into memory, on the calling thread, and cannot be cloned. The function is called in every run, because a change
   * of the function cannot be detected; the file is written only if its bytes or permission bits differ. It gets the
   * permission bits of the source, and no other attributes. With `overwrite: 'older'` a file that is not older than
   * its source is left as it is; `'changed'` means `true`. The function is not called for links that are kept as
   * links, and not in a dry run.
   */
  transform?: Transform;
}

/** A source of a target. */
export interface Source {
  /** As the user wrote it, for messages. */
  given: string;
  /** Absolute path, or absolute glob with forward slashes. */
  from: string;
}

type Optional<T> = { [Name in keyof T]?: T[Name] | undefined };

/** The options that need no default. */
type AsGiven = Pick<
  Target,
  'rename' | 'filter' | 'directoryFilter' | 'overwrite' | 'symlinks' | 'preserve' | 'transform'
>;

/** A checked target with all defaults filled in and all paths resolved. */
export interface ResolvedTarget extends Source, Optional<AsGiven> {
  /** The other sources, if `from` is an array. */
  others?: readonly Source[];
  /** Absolute paths and globs that the array in `from` excludes. */
  excluded?: readonly string[];
  /** Absolute path of the destination directory. */
  to: string;
  /** Absolute path. */
  base?: string | undefined;
  ignore: readonly string[];
  flatten: boolean;
  /** `from` is one file: never a glob, and not a directory. */
  exact: boolean;
  /** The target's `to` is the path of the one new file: `rename` is its last part. */
  namesFile?: boolean;
  /** A warning that is given before anything is copied. */
  warning?: string | undefined;
}

/**
 * Makes a path absolute. Throws an error with the given paths if it is relative and the current directory was deleted.
 */
export function absolutePath(
  given: string,
  paths: { source: string | undefined; destination: string | undefined },
): string {
  try {
    return path.resolve(given);
  } catch (cause) {
    throw new CopyError({
      code: 'ENOENT',
      reason:
        'the current directory was deleted; change to one that exists, or give absolute paths and an absolute "cwd" (--directory)',
      ...paths,
      errno: Math.abs((cause as { errno: number }).errno),
      cause,
    });
  }
}

/** Fills in the defaults of a checked target, and resolves its paths. */
export function resolveTarget(
  target: Target,
  cwd: string,
  allowedRoots?: readonly string[] | undefined,
): ResolvedTarget {
  const { from, to, allowOutside, base, ignore, flatten, ...asGiven } = target;
  const given = toPath(to || '.');
  const isArray = Array.isArray(from);
  const { sources, negated } = splitFrom(from);
  const [first, ...others] = sources.map((each) => ({ given: each, from: path.resolve(cwd, each) }));
  const destination = path.resolve(cwd, given);
  if (!allowOutside) refuseOutside(target, given, { to: destination, cwd, allowedRoots });
  const namesFile = !isArray && isFileName(target, { given, from: first!.from, destination });
  return {
    ...asGiven,
    ...first!,
    ...(isArray && { others, excluded: negated.map((each) => path.resolve(cwd, each)) }),
    to: namesFile ? path.dirname(destination) : destination,
    namesFile,
    warning: isArray || namesFile ? undefined : warningOf(target, given, first!.from),
    base: base === undefined ? undefined : path.resolve(cwd, toPath(base)),
    ignore: typeof ignore === 'string' ? [ignore] : (ignore ?? []),
    flatten: flatten ?? false,
    exact: false,
    ...(namesFile && { rename: path.basename(destination) }),
  };
}

/** Whether `to` is the path of the one new file; see {@link Target.to}. */
function isFileName(
  { rename, base }: Target,
  { given, from, destination }: { given: string; from: string; destination: string },
): boolean {
  const extension = path.extname(from).toLowerCase();
  if (extension === '' || !given.toLowerCase().endsWith(extension)) return false;
  if (rename !== undefined || base !== undefined || isDirectory(destination)) return false;
  return exists(from) && !isDirectory(from);
}

/** Warns if `to` looks like the new name of the one file but is a directory: this is seldom intended. */
function warningOf({ rename, base }: Target, given: string, from: string): string | undefined {
  // Not a version number such as `1.2`, and not a template such as `[name].[ext]`.
  if (!/[^\\/[\]]\.[a-z]\w*$/i.test(given) || rename !== undefined || base !== undefined) return undefined;
  if (!exists(from) || isDirectory(from)) return undefined;
  const extension = path.extname(given);
  const [name, source] = [path.basename(given), JSON.stringify(path.basename(from))];
  return (
    `to: ${JSON.stringify(given)} is a directory, because ${source} does not end with ${JSON.stringify(extension)}; ` +
    `to give the file that name, set rename: '${name}' and its directory as "to"; to mean a directory, end it with "/"`
  );
}

/** Throws if a relative path is not below `cwd`, or an absolute one is not in an allowed root. */
function refuseOutside(
  { from }: Target,
  given: string,
  { to, cwd, allowedRoots }: { to: string; cwd: string; allowedRoots: readonly string[] | undefined },
): void {
  const isAbsolute = path.isAbsolute(given);
  const roots = isAbsolute ? (allowedRoots ?? [path.parse(to).root]) : [cwd];
  if (roots.some((root) => isInside(root, to))) return;
  const below = to.slice(path.parse(to).root.length).replaceAll(path.sep, '/');
  const remedy = isAbsolute
    ? `for a directory below ${JSON.stringify(cwd)} write to: '${below || '.'}'; to write to ${JSON.stringify(to)}, set "allowOutside: true" on this target`
    : `to copy there, set "allowOutside: true" on this target${allowedRoots ? '' : ' or give an absolute path'}`;
  throw new CopyError({
    code: 'ERR_OUTSIDE_DESTINATION',
    reason: `to: ${JSON.stringify(given)} lies outside ${roots.map((root) => JSON.stringify(root)).join(' and ')}; ${remedy}`,
    source: splitFrom(from).sources[0]!,
    destination: to,
  });
}

/** Whether a target has functions of the user, which only the calling thread can call. */
export function callsFunctions({
  rename,
  filter,
  directoryFilter,
  transform,
}: Target | ResolvedTarget): boolean {
  return typeof rename === 'function' || Boolean(filter || directoryFilter || transform);
}
