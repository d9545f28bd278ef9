import fs from 'node:fs';
import path from 'node:path';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { UNDECODABLE } from '../scan/entries.ts';
import type { Recall } from '../scan/walk.ts';
import type { Manifest } from './manifest.ts';
import type { NamedRecords } from './named-records.ts';
import { Positions } from './positions.ts';
import { isAsRecorded } from './record.ts';

/** What is known of a destination directory. */
interface Recorded extends NamedRecords {
  /** Names of the directories in it. */
  directories: ReadonlySet<string>;
}

const NOTHING: NamedRecords = { names: [], records: new Uint32Array() };

/** Where more is new or was touched, planning has to look at most of it anyway. */
const MOST_OTHERS = 256;

/**
 * Recognizes files that are as an earlier run left them: in the directory they were recorded in, and untouched on
 * both sides. That costs the listings and two looks per file, far less than to plan the files one by one and to
 * compare them then. Whatever is not plainly so is left to planning.
 */
export class UnchangedDetector {
  readonly #manifest: Manifest;
  readonly #system: System;
  readonly #lists: boolean;
  /** Names of the directories in each destination directory. */
  readonly #directories = new Map<string, Set<string>>();
  /** Destination directories that are known to be no links, and to lie in none. */
  readonly #real = new Set<string>();
  readonly #status = new FileStatus();

  /** `lists`: whether it matters what else lies in the destination. */
  constructor(manifest: Manifest, system: System, lists: boolean) {
    this.#manifest = manifest;
    this.#system = system;
    this.#lists = lists;
    for (const directory of manifest.folders.keys()) this.#enter(directory);
  }

  readonly recall: Recall = (source, destination, root, names) => {
    const directories = this.#directories.get(destination);
    if (!directories) return undefined;
    const { names: known, records } = this.#manifest.folders.get(destination) ?? NOTHING;
    const recorded = { names: known, records, directories };
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
      return { ...recalled, alone: this.#lists && found.length === inPlace };
    } finally {
      if (typeof from !== 'number') this.#system.closeDirectory(from);
      if (typeof to !== 'number') this.#system.closeDirectory(to);
    }
  };

  /** `inPlace`: how many of the names stand for the same in the destination, whatever its state. */
  #compare(from: Directory, to: Directory, listed: readonly string[], recorded: Recorded) {
    const { names, records } = recorded;
    const untouched = this.#untouched(from, to, names, records);
    if (!untouched) return undefined;
    const files: string[] = [];
    const directories: string[] = [];
    const others: string[] = [];
    let inPlace = 0;
    const positions = new Positions(names);
    for (const name of listed) {
      // It may be another name that is not UTF-8: planning asks for the bytes.
      if (name.includes(UNDECODABLE)) return undefined;
      const file = positions.of(name);
      if (file >= 0 && untouched[file]) {
        files.push(name);
        inPlace++;
      } else if (file < 0 && recorded.directories.has(name) && this.#isDirectory(from, name)) {
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

  /** Enters a directory under the one it is in, and that one under its own, as far as they are not yet. */
  #enter(directory: string): void {
    this.#namesIn(directory);
    for (let current = directory; path.dirname(current) !== current; current = path.dirname(current)) {
      const names = this.#namesIn(path.dirname(current));
      if (names.has(path.basename(current))) return;
      names.add(path.basename(current));
    }
  }

  #namesIn(directory: string): Set<string> {
    let names = this.#directories.get(directory);
    if (!names) this.#directories.set(directory, (names = new Set()));
    return names;
  }

  /**
   * Which of the recorded files are untouched. A loop with little else in it, because it is most of the work, and is
   * over before a larger one would be optimized.
   */
  #untouched(from: Directory, to: Directory, names: readonly string[], records: Uint32Array) {
    const system = this.#system;
    const status = this.#status;
    const untouched = new Uint8Array(names.length);
    let others = 0;
    for (let file = 0; file < names.length; file++) {
      const name = names[file]!;
      if (
        system.status(to, name, false, status) >= 0 &&
        isAsRecorded(records, file, 'destination', status) &&
        // Not what a link leads to, which may lie anywhere: links are left to planning.
        system.status(from, name, false, status) >= 0 &&
        isAsRecorded(records, file, 'source', status)
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

/** What is wrong with a directory that cannot be listed is said when it is planned. */
function list(directory: string): string[] | undefined {
  try {
    return fs.readdirSync(directory);
  } catch {
    return undefined;
  }
}
