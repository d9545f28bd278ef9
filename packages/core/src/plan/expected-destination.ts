import path from 'node:path';
import type { Folder } from '../model/folder.ts';
import { ENOTDIR } from '../platform/errno.ts';
import { lstatIfThere } from '../scan/links.ts';
import { aboutOnlyFile, belowFile, notADirectory, onlyFileOf, statusIfThere } from '../transfer/tree.ts';

/**
 * The destination as a dry run expects it. A dry run deletes and creates nothing, so this records what a copy would
 * have deleted and created.
 */
export class ExpectedDestination {
  readonly #removed = new Set<string>();
  readonly #made = new Set<string>();

  remove(destination: string): void {
    this.#removed.add(destination);
  }

  isRemoved(destination: string): boolean {
    if (this.#removed.size === 0) return false;
    for (let current = destination; ; current = path.dirname(current)) {
      if (this.#removed.has(current)) return true;
      if (path.dirname(current) === current) return false;
    }
  }

  /** Returns how many directories would be created for a folder. Throws if something is in their way. */
  make(folder: Folder): number {
    try {
      return this.#make(folder);
    } catch (error) {
      throw aboutOnlyFile(error, { ...folder, onlyFile: onlyFileOf(folder) });
    }
  }

  #make({ source, root, below }: Folder): number {
    let count = 0;
    const make = (directory: string) => {
      this.#made.add(directory);
      count++;
    };
    for (let above = root; !this.#made.has(above); above = path.dirname(above)) {
      const status = statusIfThere(above, { source, destination: root });
      const isThere = status && !this.isRemoved(above);
      if (isThere && status.isDirectory()) break;
      if (isThere) {
        const paths = { source, destination: root };
        throw belowFile(paths) ?? notADirectory(ENOTDIR, paths, false);
      }
      make(above);
    }
    let directory = root;
    for (const name of below === '' ? [] : below.split('/')) {
      directory = path.join(directory, name);
      if (this.#made.has(directory)) continue;
      const status = lstatIfThere(directory);
      if (!status || this.isRemoved(directory)) make(directory);
      else if (!status.isDirectory()) {
        throw notADirectory(ENOTDIR, { source, destination: directory }, status.isSymbolicLink());
      }
    }
    return count;
  }
}
