import path from 'node:path';
import type { WalkedDirectory } from '../model/files.ts';
import { isPromise } from '../schema.ts';
import type { ResolvedTarget } from '../target.ts';

/** Whether to read a directory, given by its path relative to the start of the walk. */
export type Enter = (relative: string) => boolean;

/** Calls a target's `directoryFilter` once for each directory, but not for directories below one that it refuses. */
export class DirectoryFilter {
  readonly #target: ResolvedTarget;
  #failure: { error: unknown } | undefined;

  constructor(target: ResolvedTarget) {
    this.#target = target;
  }

  /** The filter for directories below `root`. Returns undefined if the target has no `directoryFilter`. */
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

  /** Throws what `directoryFilter` threw. From that error until this call, all directories are refused. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #ask(given: string, source: string): boolean {
    if (this.#failure) return false;
    try {
      const wanted: unknown = this.#target.directoryFilter!(given, source);
      // A promise is truthy: it would let every directory through, whatever it resolves to.
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
 * Finds the directories without copied files that are created nevertheless. A directory is left out, with everything
 * in it, if `filter` refuses files in it and keeps none, at any depth; the others are empty in the source too. This
 * is known only after all directories have been added.
 */
export class FilteredDirectories {
  readonly #from: string;
  /** The path of the directory that the target names, which is always created. */
  #root: string | undefined;
  readonly #empty: WalkedDirectory[] = [];
  /** Directories that contain a copied file at any depth. */
  readonly #kept = new Set<string>();
  readonly #refused = new Set<string>();

  constructor({ from }: ResolvedTarget) {
    this.#from = from;
  }

  add(directory: WalkedDirectory, kept: number): void {
    const { source, relative, names } = directory;
    const isRoot = source === this.#from;
    if (isRoot) this.#root = relative;
    if (kept > 0) addWithParents(this.#kept, relative);
    // A directory whose own files are all refused is created only if something below it is copied.
    else if (names.length === 0 || isRoot) this.#empty.push({ source, relative, names: [] });
    if (kept < names.length) addWithParents(this.#refused, relative);
  }

  /** The directories without copied files that are created nevertheless. */
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

/** The parent of a path with forward slashes. The parent of the empty path is the empty path. */
function parentOf(relative: string): string {
  return relative.slice(0, Math.max(relative.lastIndexOf('/'), 0));
}

export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
