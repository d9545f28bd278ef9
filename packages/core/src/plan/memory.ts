import fs from 'node:fs';
import path from 'node:path';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import type { Recall } from '../scan/walk.ts';
import type { Manifest, NamedRecords } from './manifest.ts';
import { isAsRecorded } from './record.ts';

const NOTHING: NamedRecords = { names: [], records: new Uint32Array() };

/**
 * Recognizes directories that are as an earlier run left them: on both sides the names that were recorded, and
 * every file untouched. That costs the listings and two looks per file, far less than to plan the files one by
 * one and to compare them then. Whatever is not plainly so is left to planning.
 */
export class Memory {
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

  readonly recall: Recall = (source, destination, root) => {
    const directories = this.#directories.get(destination);
    if (!directories) return undefined;
    const { names, records } = this.#manifest.folders.get(destination) ?? NOTHING;
    const listed = list(source);
    const found = this.#lists ? list(destination) : listed;
    if (!listed || !found || !consistsOf(listed, names, directories)) return undefined;
    if (!this.#isReal(destination, root)) return undefined;
    const from = this.#system.openDirectory(source);
    const to = this.#system.openDirectory(destination);
    try {
      if (typeof from === 'number' || typeof to === 'number') return undefined;
      if (!this.#areUntouched(from, to, names, records)) return undefined;
      if (![...directories].every((name) => this.#isDirectory(from, name))) return undefined;
    } finally {
      if (typeof from !== 'number') this.#system.closeDirectory(from);
      if (typeof to !== 'number') this.#system.closeDirectory(to);
    }
    return { files: names, directories: [...directories], alone: found.length === listed.length };
  };

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

  #areUntouched(from: Directory, to: Directory, names: readonly string[], records: Uint32Array): boolean {
    const system = this.#system;
    const status = this.#status;
    for (let file = 0; file < names.length; file++) {
      const name = names[file]!;
      if (system.status(to, name, false, status) < 0) return false;
      if (!isAsRecorded(records, file, 'destination', status)) return false;
      // Not what a link leads to, which may lie anywhere: links are left to planning.
      if (system.status(from, name, false, status) < 0) return false;
      if (!isAsRecorded(records, file, 'source', status)) return false;
    }
    return true;
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

/** Whether a listing holds these files, in this order, and these directories, and nothing else. */
function consistsOf(listed: readonly string[], files: readonly string[], directories: Set<string>): boolean {
  if (listed.length !== files.length + directories.size) return false;
  let file = 0;
  for (const name of listed) {
    if (name === files[file]) file++;
    else if (!directories.has(name)) return false;
  }
  return file === files.length;
}
