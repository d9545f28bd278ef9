import fs from 'node:fs';
import path from 'node:path';
import { tryOr } from '../platform/path-status.ts';
import { childPath } from '../platform/paths.ts';
import { isRaw } from '../platform/raw-names.ts';
import { stayDifferent } from '../platform/spelling.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { UNDECODABLE } from '../scan/entries.ts';
import type { Recall } from '../scan/walk.ts';
import type { Manifest } from './manifest.ts';
import { type NamedRecords, Positions } from './named-records.ts';
import { isAsRecorded } from './record.ts';

const NOTHING: NamedRecords = { names: [], records: new Uint32Array() };

/** If more entries than this are new or changed, planning has to check most of them anyway. */
const MOST_OTHERS = 256;

/**
 * Recognizes files that are unchanged since an earlier run: the same directory, and unchanged on both sides. This
 * takes the listings and two stat calls per file, much less than planning and comparing the files one by one.
 * Everything that is not clearly unchanged is left to planning.
 */
export class UnchangedDetector {
  readonly #manifest: Manifest;
  readonly #system: System;
  readonly #lists: boolean;
  /** The destination directories with recorded files, and their parents. */
  readonly #directories = new Set<string>();
  /** Destination directories that are known not to be links, nor to be inside one. */
  readonly #real = new Set<string>();
  readonly #status = new FileStatus();
  readonly #there = new FileStatus();

  /** `lists`: whether the destination is listed, to find out whether it contains anything else. */
  constructor(manifest: Manifest, system: System, lists: boolean) {
    this.#manifest = manifest;
    this.#system = system;
    this.#lists = lists;
    for (const directory of manifest.folders.keys())
      for (let current = directory; !this.#directories.has(current); current = path.dirname(current))
        this.#directories.add(current);
  }

  readonly recall: Recall = (source, destination, root, names) => {
    // Names that are not UTF-8 are left to planning.
    if (!this.#directories.has(destination) || names?.some(isRaw)) return undefined;
    const recorded = this.#manifest.folders.get(destination) ?? NOTHING;
    const listed = names ?? list(source);
    const found = this.#lists ? list(destination) : [];
    if (!listed || !found || !this.#isReal(destination, root)) return undefined;
    const from = this.#system.openDirectory(source);
    const to = this.#system.openDirectory(destination);
    try {
      if (typeof from === 'number' || typeof to === 'number') return undefined;
      const compared = this.#compare(from, to, listed, recorded);
      if (!compared) return undefined;
      const { inPlace, ...recalled } = compared;
      // If two names are one file in the destination, the order of the listing decides between them. Recalled files
      // would come before all others.
      if (recalled.others.length > 0 && !stayDifferent(listed)) return undefined;
      return { ...recalled, alone: this.#lists && found.length === inPlace };
    } finally {
      if (typeof from !== 'number') this.#system.closeDirectory(from);
      if (typeof to !== 'number') this.#system.closeDirectory(to);
    }
  };

  /**
   * Compares a directory with its records. `inPlace` is how many names have the same type in the destination, even if
   * changed.
   */
  #compare(from: Directory, to: Directory, listed: readonly string[], { names, records }: NamedRecords) {
    const untouched = this.#untouched(from, to, names, records);
    if (!untouched) return undefined;
    const files: string[] = [];
    const directories: string[] = [];
    const others: string[] = [];
    let inPlace = 0;
    const positions = new Positions(names);
    for (const name of listed) {
      // It may be a different name that is not UTF-8: planning lists the names as bytes.
      if (name.includes(UNDECODABLE)) return undefined;
      const file = positions.of(name);
      if (file >= 0 && untouched[file]) {
        files.push(name);
        inPlace++;
      } else if (file < 0 && this.#directories.has(childPath(to, name)) && this.#isDirectory(from, name)) {
        directories.push(name);
        if (this.#isDirectory(to, name)) inPlace++;
      } else {
        others.push(name);
        if (others.length > MOST_OTHERS) return undefined;
        if (this.#isFile(from, name) && this.#isFile(to, name)) inPlace++;
      }
    }
    return { files, directories, others, inPlace };
  }

  /**
   * Which of the recorded files are unchanged. This is a short loop, because it is most of the work: a larger one
   * would end before it is optimized.
   *
   * If hard links are kept, a file whose copy does not have as many names is left to planning: an earlier copy may
   * have failed to make one of them, which has to become a link to this copy.
   */
  #untouched(from: Directory, to: Directory, names: readonly string[], records: Uint32Array) {
    const system = this.#system;
    const status = this.#status;
    const there = this.#there;
    const { keepsLinks } = this.#manifest;
    const untouched = new Uint8Array(names.length);
    let others = 0;
    for (let file = 0; file < names.length; file++) {
      const name = names[file]!;
      if (
        system.status(to, name, false, there) >= 0 &&
        isAsRecorded(records, file, 'destination', there) &&
        // Do not follow links, which may lead anywhere: links are left to planning. One may be as recorded, if an
        // earlier run kept it as a link.
        system.status(from, name, false, status) >= 0 &&
        !status.isLink &&
        isAsRecorded(records, file, 'source', status) &&
        (!keepsLinks || status.names === there.names)
      )
        untouched[file] = 1;
      else if (++others > MOST_OTHERS) return undefined;
    }
    return untouched;
  }

  #isFile(parent: Directory, name: string): boolean {
    return this.#system.status(parent, name, false, this.#status) >= 0 && this.#status.isRegular;
  }

  #isDirectory(parent: Directory, name: string): boolean {
    return this.#system.status(parent, name, false, this.#status) >= 0 && this.#status.isDirectory;
  }

  #isReal(directory: string, root: string): boolean {
    if (directory === root || this.#real.has(directory)) return true;
    if (!this.#isReal(path.dirname(directory), root)) return false;
    if (!fs.lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return false;
    this.#real.add(directory);
    return true;
  }
}

/** Returns undefined if the directory cannot be listed: planning reports the error. */
const list = (directory: string): string[] | undefined => tryOr(undefined, () => fs.readdirSync(directory));
