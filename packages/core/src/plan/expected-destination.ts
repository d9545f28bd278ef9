import path from 'node:path';
import type { ExpectedFiles } from '../model/batch.ts';
import { type Folder, namesAs } from '../model/files.ts';
import { ENOTDIR } from '../platform/errno.ts';
import { lstatIfThere } from '../scan/entries.ts';
import {
  aboutOnlyFile,
  belowFile,
  leadsNowhere,
  notADirectory,
  standsInTheWay,
  statusIfThere,
} from '../transfer/tree.ts';

/**
 * The destination as a dry run expects it. A dry run deletes and creates nothing, so this records what a copy would
 * have deleted and created.
 */
export class ExpectedDestination {
  readonly #removed = new Set<string>();
  readonly #made = new Set<string>();
  /** Destinations of files. Undefined if no directory to create can have the path of a file. */
  readonly #files: Set<string> | undefined;

  constructor({ notesFiles }: { notesFiles: boolean }) {
    if (notesFiles) this.#files = new Set();
  }

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

  /** Returns what a copy will find at the destinations of a folder, and how many directories it creates there. */
  add(folder: Folder): ExpectedFiles {
    const isTransformed = folder.target.transform !== undefined;
    const found: ExpectedFiles = { made: 0, vacant: [], blocked: [], isTransformed };
    const onMade = (directory: string) => {
      this.#made.add(directory);
      found.made++;
    };
    try {
      this.#makeRoot(folder, onMade);
      this.#makeBelow(folder, onMade);
    } catch (error) {
      found.refused = aboutOnlyFile(error, folder);
      return found;
    }
    for (const [file, name] of namesAs(folder).entries()) {
      const destination = path.join(folder.root, folder.below, name);
      if (this.isRemoved(destination)) found.vacant.push(file);
      if (this.#made.has(destination)) found.blocked.push(file);
      else this.#files?.add(destination);
    }
    return found;
  }

  /** Throws if an entry is in the way of the root or of one of its parents; then no directory is created. */
  #makeRoot({ source, root }: Folder, onMade: (directory: string) => void): void {
    const paths = { source, destination: root };
    const missing: string[] = [];
    for (let above = root; !this.#made.has(above); above = path.dirname(above)) {
      const status = this.isRemoved(above) ? undefined : statusIfThere(above, paths);
      if (status?.isDirectory()) break;
      if (status || this.#files?.has(above)) throw belowFile(paths) ?? standsInTheWay(above, paths);
      if (!this.isRemoved(above) && lstatIfThere(above)) throw leadsNowhere(above, paths);
      missing.push(above);
    }
    missing.forEach(onMade);
  }

  #makeBelow({ source, root, below }: Folder, onMade: (directory: string) => void): void {
    let directory = root;
    for (const name of below === '' ? [] : below.split('/')) {
      directory = path.join(directory, name);
      if (this.#made.has(directory)) continue;
      const status = this.isRemoved(directory) ? undefined : lstatIfThere(directory);
      if (status?.isDirectory()) continue;
      if (status || this.#files?.has(directory)) {
        const isLink = status?.isSymbolicLink() ?? false;
        throw notADirectory(ENOTDIR, { source, destination: directory }, isLink);
      }
      onMade(directory);
    }
  }
}
