import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, systemError } from '../errors.ts';
import type { Batch } from '../model/batch.ts';
import { type Files, type Mirrors, nameAs } from '../model/files.ts';
import type { TransferSettings } from '../model/settings.ts';
import { EACCES, EEXIST, EINVAL, EISDIR, ENOTDIR, ENOTSUP, EPERM } from '../platform/errno.ts';
import { ifThere, tryOr } from '../platform/path-status.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import type { Tally } from '../report.ts';
import { directoryCreationMode, letOwnerWrite, NEW_DIRECTORY_MODE, sourceOfLevel } from './directories.ts';
import { type Preserved, preserved } from './metadata.ts';
import { type Level, namesBelow, OpenedPath, openDirectory } from './opened-path.ts';
import type { BothPaths, DirectoryPair } from './pair.ts';
import { withRefusedName } from './refused-name.ts';

/** Errors that mean: directories cannot be synced here, as on some network filesystems and on Windows. */
const CANNOT_SYNC = new Set([EINVAL, ENOTSUP, EISDIR, EACCES, EPERM]);

/** The source of a directory: its path, or the directory itself if it is open. */
type Original = string | Directory | undefined;

interface MadeLevel extends Level {
  /** Whether this tree has created it. */
  fresh: boolean;
}

/**
 * The directories of the destination, opened one below the other and created if they are missing. Follows no symbolic
 * link below the root, because its target is not part of the destination.
 */
export class DestinationTree {
  readonly #system: System;
  readonly #tally: Pick<Tally, 'directories'>;
  readonly #durable: boolean;
  readonly #keep: Preserved;
  readonly #status = new FileStatus();
  readonly #opened: OpenedPath<MadeLevel>;

  /** The directories that are created are counted in `tally`. */
  constructor(system: System, settings: TransferSettings, tally: Pick<Tally, 'directories'>) {
    this.#system = system;
    this.#opened = new OpenedPath(system);
    this.#durable = settings.durability === 'full';
    this.#keep = preserved(settings);
    this.#tally = tally;
  }

  /**
   * Opens the directory `below` (with forward slashes, may be empty) under `root`; `from` is copied to it. The result
   * is valid until the next call.
   */
  open(root: string, below: string, from: string | Directory, mirrors?: Mirrors): MadeLevel {
    const source = typeof from === 'string' ? from : from.path;
    const names = namesBelow(root, below);
    const levels = names.length - 1;
    return this.#opened.open(names, (name, parent, depth) => {
      const above = sourceOfLevel(source, { depth, levels, mirrors });
      const original = above === source ? from : above;
      const level = parent
        ? this.#openBelow(parent, name, source, original)
        : this.#openRoot(root, source, original);
      if (!level.fresh && original !== undefined && this.#keep.directories && this.#keep.mode)
        letOwnerWrite(this.#system, level.directory);
      return level;
    }) as MadeLevel;
  }

  close(): void {
    this.#opened.close();
  }

  #openRoot(root: string, source: string, original: Original): MadeLevel {
    let made = 0;
    try {
      const { expected } = this.#system;
      made = expected
        ? expected.makeRoot(root, source)
        : makeDirectories(root, () => this.#modeFor(original));
    } catch (error) {
      const paths = { source, destination: root };
      throw belowFile(paths, error) ?? withRefusedName(asCopyError(error, paths));
    }
    this.#tally.directories += made;
    if (this.#durable) this.#syncAbove(root, made, source);
    const directory = openDirectory(this.#system, root, { source, destination: root });
    return { name: root, directory, fresh: made > 0 };
  }

  /** Syncs the parents of `made` new directories, one in the other, so that their names are on the disk. */
  #syncAbove(root: string, made: number, source: string): void {
    let above = root;
    for (let count = 0; count < made; count++) {
      above = path.dirname(above);
      const directory = openDirectory(this.#system, above, { source, destination: above });
      try {
        syncDirectory(this.#system, directory, source);
      } finally {
        this.#system.closeDirectory(directory);
      }
    }
  }

  #openBelow(parent: Level, name: string, source: string, original: Original): MadeLevel {
    const system = this.#system;
    const mode = this.#modeFor(original);
    const made = system.makeDirectory(parent.directory, name, mode);
    const paths = () => ({ source, destination: path.join(parent.directory.path, name) });
    if (made < 0 && made !== -EEXIST)
      throw withRefusedName(systemError(-made, { ...paths(), syscall: 'mkdir' }));
    if (made >= 0) {
      this.#tally.directories++;
      if (this.#durable) syncDirectory(system, parent.directory, source);
    }
    const directory = system.openChild(parent.directory, name);
    if (typeof directory !== 'number') return { name, directory, fresh: made >= 0 };
    const isLink = system.status(parent.directory, name, false, this.#status) >= 0 && this.#status.isLink;
    throw notADirectory(-directory, paths(), isLink);
  }

  /** The mode to create a directory with: that of `original`, if it is a copy of one. */
  #modeFor(original: Original): number {
    if (original === undefined) return NEW_DIRECTORY_MODE;
    if (typeof original === 'object' && this.#system.status(original, '.', true, this.#status) >= 0)
      return directoryCreationMode(this.#keep, this.#status.mode);
    const source = typeof original === 'object' ? original.path : original;
    const status = statusIfThere(source, { source });
    return status ? directoryCreationMode(this.#keep, status.mode) : NEW_DIRECTORY_MODE;
  }
}

/**
 * Creates a directory and its missing parents. Returns how many this call created. Does not use `mkdirSync` with
 * `recursive`, which reports ENOENT if the true error is EROFS.
 */
export function makeDirectories(directory: string, mode: () => number = () => NEW_DIRECTORY_MODE): number {
  if (isDirectory(directory)) return 0;
  const parent = path.dirname(directory);
  try {
    return makeOne(directory, mode());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
  }
  return makeDirectories(parent) + makeOne(directory, mode());
}

/** Creates one directory. Returns 1, or 0 if another thread created it first. */
function makeOne(directory: string, mode: number): number {
  try {
    fs.mkdirSync(directory, mode);
    return 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isDirectory(directory)) return 0;
    throw error;
  }
}

/** Like {@link ifThere}, but throws a CopyError with the given paths. */
function statusIfThere(file: string, paths: Partial<BothPaths>): fs.Stats | undefined {
  try {
    return ifThere(file, fs.statSync);
  } catch (error) {
    throw asCopyError(error, paths);
  }
}

function isDirectory(directory: string): boolean {
  return fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * The error for a destination directory that is not a directory or is a broken link, or that has such a parent.
 * Otherwise undefined.
 */
function belowFile(paths: BothPaths, cause?: unknown): CopyError | undefined {
  for (let current = paths.destination; ; current = path.dirname(current)) {
    try {
      return fs.statSync(current).isDirectory() ? undefined : standsInTheWay(current, paths, cause);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
      // ENOTDIR too: the link may lead below a file.
      if (tryOr(false, () => fs.lstatSync(current).isSymbolicLink()))
        return leadsNowhere(current, paths, cause);
      if (path.dirname(current) === current) return undefined;
    }
  }
}

/** The error for an entry that is not a directory, at the path of a destination directory or of one of its parents. */
export function standsInTheWay(file: string, paths: BothPaths, cause?: unknown): CopyError {
  return cannotCreate(`${JSON.stringify(file)} is not a directory; delete or rename it`, paths, cause);
}

/** The same for a broken symbolic link: the directory that it names is not created. */
function leadsNowhere(file: string, paths: BothPaths, cause?: unknown): CopyError {
  const why = `${JSON.stringify(file)} is a symbolic link that leads nowhere; delete or repair it`;
  return cannotCreate(why, paths, cause);
}

function cannotCreate(why: string, paths: BothPaths, cause: unknown): CopyError {
  const reason = `${why}, or choose another destination`;
  return new CopyError({ code: 'ENOTDIR', reason, ...paths, syscall: 'mkdir', errno: ENOTDIR, cause });
}

/** The error for a part of the destination's path that should be a directory. */
function notADirectory(errno: number, paths: BothPaths, isLink: boolean): CopyError {
  if (!isLink && errno === ENOTDIR) return standsInTheWay(paths.destination, paths);
  if (!isLink) return systemError(errno, { ...paths, syscall: 'open' });
  return new CopyError({
    code: 'ELOOP',
    reason: 'a directory of the destination is a symbolic link, which is not followed',
    ...paths,
    errno: ENOTDIR,
  });
}

/** The shared status of directories with a descriptor, which are not compared later. */
const ofDescriptor = new FileStatus();

type OpenedFolder = Pick<Batch, 'source' | 'root' | 'below' | 'mirrors'> & Files;

/**
 * Opens the source and destination directories of a folder. A destination that was just created is `fresh`: no entry
 * exists in it.
 */
export function openPair(
  system: System,
  tree: DestinationTree,
  folder: OpenedFolder,
  overwrite: DirectoryPair['overwrite'],
): DirectoryPair {
  const source = openDirectory(system, folder.source, { source: folder.source });
  try {
    const { directory, fresh } = tree.open(folder.root, folder.below, source, folder.mirrors);
    const status = directory.fd >= 0 ? ofDescriptor : new FileStatus();
    const result = system.status(directory, '.', true, status);
    if (result < 0)
      throw systemError(-result, { source: folder.source, destination: directory.path, syscall: 'stat' });
    return {
      source,
      destination: directory,
      overwrite,
      device: status.device,
      opened: status,
      fresh,
      swept: false,
      unsynced: false,
    };
  } catch (error) {
    system.closeDirectory(source);
    throw aboutOnlyFile(error, folder);
  }
}

/**
 * Changes an error of the directory `root` into one of the file, if only that file is copied into it and no
 * directory.
 */
function aboutOnlyFile(error: unknown, folder: OpenedFolder): unknown {
  const { root, below, mirrors, names } = folder;
  const isAbout = names.length === 1 && below === '' && mirrors !== 'root';
  if (!isAbout || !(error instanceof CopyError) || error.destination !== root) return error;
  const { details } = error;
  const source = details.source && path.join(details.source, names[0]!);
  return new CopyError({ ...details, source, destination: path.join(root, nameAs(folder, 0)) });
}

/** Syncs the destination directory, so that the names of the copied files are on the disk. */
export function syncPair(system: System, pair: DirectoryPair): void {
  if (pair.unsynced) syncDirectory(system, pair.destination, pair.source.path);
  pair.unsynced = false;
}

function syncDirectory(system: System, directory: Directory, source: string): void {
  const result = system.syncDirectory(directory);
  if (result >= 0 || CANNOT_SYNC.has(-result)) return;
  throw systemError(-result, { source, destination: directory.path, syscall: 'fsync' });
}
