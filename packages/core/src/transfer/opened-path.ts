import { systemError } from '../errors.ts';
import { ELOOP, ENOENT, ENOTDIR } from '../platform/errno.ts';
import type { FileStatus } from '../platform/status.ts';
import type { Directory, Errno, System } from '../platform/system.ts';
import type { BothPaths } from './pair.ts';

/** The errors of opening a directory if nothing exists there, or a file or a symbolic link. */
export const NO_DIRECTORY: ReadonlySet<number> = new Set([ENOENT, ENOTDIR, ELOOP]);

/** An open directory and its name in the parent. */
export interface Level {
  name: string;
  directory: Directory;
}

/** An open directory and all its parents from a root on. Parents that the next directory shares stay open. */
export class OpenedPath<L extends Level = Level> {
  readonly #system: System;
  #levels: L[] = [];

  constructor(system: System) {
    this.#system = system;
  }

  /**
   * Opens a directory. `names` are the path of the root and the names from there on. `open` opens one of them below
   * `parent`, or the root if there is no parent, or returns a negative error number. The result is valid until the
   * next call.
   */
  open(
    names: readonly string[],
    open: (name: string, parent: L | undefined, depth: number) => L | Errno,
  ): L | Errno {
    let depth = 0;
    while (depth < names.length && this.#levels[depth]?.name === names[depth]) depth++;
    this.#closeFrom(depth);
    for (; depth < names.length; depth++) {
      const level = open(names[depth]!, this.#levels.at(-1), depth);
      if (typeof level === 'number') return level;
      this.#levels.push(level);
    }
    return this.#levels.at(-1)!;
  }

  close(): void {
    this.#closeFrom(0);
  }

  #closeFrom(depth: number): void {
    for (const { directory } of this.#levels.splice(depth)) this.#system.closeDirectory(directory);
  }
}

/** Opens a directory by its path. Throws a CopyError with the given paths if that fails. */
export function openDirectory(system: System, directory: string, paths: Partial<BothPaths>): Directory {
  const opened = system.openDirectory(directory);
  if (typeof opened === 'number') throw systemError(-opened, { ...paths, syscall: 'open' });
  return opened;
}

/** Stores the status of an entry of the directory at a path. Does not follow links. */
export function statusIn(system: System, directory: string, name: string, into: FileStatus): Errno {
  const opened = system.openDirectory(directory);
  if (typeof opened === 'number') return opened;
  const result = system.status(opened, name, false, into);
  system.closeDirectory(opened);
  return result;
}

/** Opens a directory below its parent, without following a link, or a root if there is no parent. */
export function openLevel(system: System, name: string, parent: Level | undefined): Level | Errno {
  const directory = parent ? system.openChild(parent.directory, name) : system.openDirectory(name);
  return typeof directory === 'number' ? directory : { name, directory };
}

/** The path of a root and the names in a path below it, which has forward slashes. */
export function namesBelow(root: string, below: string): string[] {
  return below === '' ? [root] : [root, ...below.split('/')];
}
