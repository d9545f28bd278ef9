import path from 'node:path';
import type { WalkedDirectory } from '../model/folder.ts';
import type { ResolvedTarget } from '../target.ts';
import { isPromise } from './pending.ts';

/** Whether to look into a directory, named by its path below the one where the scan began. */
export type Enter = (relative: string) => boolean;

/** Asks a target's `directoryFilter`, about each directory once, and not about those below one that it refuses. */
export class DirectoryFilter {
  readonly #target: ResolvedTarget;
  #failure: { error: unknown } | undefined;

  constructor(target: ResolvedTarget) {
    this.#target = target;
  }

  /** For directories below `root`; undefined where the target has no such function. */
  below(root: string): Enter | undefined {
    const { directoryFilter, base } = this.#target;
    if (!directoryFilter) return undefined;
    const prefix = base === undefined ? '' : path.relative(base, root).split(path.sep).join('/');
    const asked = new Map([['', true]]);
    const enter: Enter = (relative) => {
      let answer = asked.get(relative);
      if (answer !== undefined) return answer;
      answer = enter(parentOf(relative)) && this.#ask(join(prefix, relative), path.join(root, relative));
      asked.set(relative, answer);
      return answer;
    };
    return enter;
  }

  /** Throws what the function threw: between the two, a scan ends without looking into anything. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #ask(given: string, source: string): boolean {
    if (this.#failure) return false;
    try {
      const wanted: unknown = this.#target.directoryFilter!(given, source);
      // It would let everything through, whatever it resolves to.
      if (isPromise(wanted))
        throw new TypeError(
          `fs-reflink: directoryFilter must return true or false, got a promise for ${JSON.stringify(given)}`,
        );
      return Boolean(wanted);
    } catch (error) {
      this.#failure = { error };
      return false;
    }
  }
}

/**
 * Directories that no file is copied from. One in which `filter` refuses files and keeps none, at any depth, is left
 * out with all in it; the others are empty in the source too. Which is which is known when all have been found.
 */
export class FilteredDirectories {
  readonly #from: string;
  /** The path of the directory that the target names, which is always made. */
  #root: string | undefined;
  readonly #empty: WalkedDirectory[] = [];
  /** Directories that hold, at any depth, a file that is copied or one that is refused. */
  readonly #kept = new Set<string>();
  readonly #refused = new Set<string>();

  constructor({ from }: ResolvedTarget) {
    this.#from = from;
  }

  add(directory: WalkedDirectory, kept: number): void {
    const { source, relative, names, raw } = directory;
    const isRoot = source === this.#from;
    if (isRoot) this.#root = relative;
    if (kept > 0) addWithParents(this.#kept, relative);
    // One whose own files are refused is made for what is copied from directories in it, if anything is.
    else if (names.length === 0 || isRoot) this.#empty.push({ source, relative, names: [], raw });
    if (kept < names.length) addWithParents(this.#refused, relative);
  }

  /** Those that are to be made all the same. */
  get empty(): WalkedDirectory[] {
    return this.#empty.filter(({ relative }) => !this.#isLeftOut(relative));
  }

  #isLeftOut(relative: string): boolean {
    for (let current = relative; current !== this.#root; current = parentOf(current)) {
      if (this.#refused.has(current) && !this.#kept.has(current)) return true;
      if (current === '') return false;
    }
    return false;
  }
}

export function addWithParents(set: Set<string>, relative: string): void {
  for (let current = relative; !set.has(current); current = parentOf(current)) set.add(current);
}

/** The directory above a path with forward slashes; that of the empty path is itself. */
export function parentOf(relative: string): string {
  return relative.slice(0, Math.max(relative.lastIndexOf('/'), 0));
}

export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
