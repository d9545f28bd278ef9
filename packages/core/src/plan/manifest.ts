import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, systemError } from '../errors.ts';
import type { Directory, System } from '../platform/system.ts';
import { StagedFile } from '../transfer/staged-file.ts';
import { sweepTemporaries } from '../transfer/sweep.ts';
import { withLock } from './lock.ts';
import { encode, inChunks, type Parts, readHead, readManifest } from './manifest-file.ts';
import { chosen, joined, mergeRecords, type NamedRecords } from './named-records.ts';
import { Positions } from './positions.ts';
import { forgetSource, isRecorded, RECORD_WORDS } from './record.ts';

/** The process's umask applies to it. */
const NEW_FILE_MODE = 0o666;

/** What an earlier run copied into one directory of the destination. */
export interface ManifestFolder extends NamedRecords {
  /** Which of it this run decides about: what is planned again, and what is known no longer. */
  taken: Uint8Array;
  /** Where names are in `names`, once that was asked. */
  positions?: Positions;
}

/** A file that an earlier run copied and nothing copies now. */
export interface StaleFile {
  /** Absolute path of the directory it is in. */
  directory: string;
  name: string;
  folder: ManifestFolder;
  /** Its number in `folder`. */
  file: number;
}

/** What earlier runs copied, and what this one does. */
export class Manifest {
  /** What earlier runs copied, by absolute path of the destination directory. */
  readonly folders: Map<string, ManifestFolder> = new Map();
  readonly cwd: string;
  readonly fingerprint: string;
  /** When the manifest that was read had been written, in milliseconds since 1970; 0 where there was none. */
  at = 0;
  /** Something was forgotten that this run copies nothing for. */
  changed = false;
  /** What this run knows, in the parts that it was given in. */
  readonly #added = new Map<string, NamedRecords[]>();
  /** The first bytes of the file when it was read. */
  #head: Buffer | undefined;

  constructor(cwd: string, fingerprint: string) {
    this.cwd = cwd;
    this.fingerprint = fingerprint;
  }

  /** Reads a manifest. One that is missing, cannot be read, is damaged or of another directory is as good as none. */
  static read(file: string, cwd: string, fingerprint: string, warn: (message: string) => void): Manifest {
    const manifest = new Manifest(cwd, fingerprint);
    try {
      refuseSpecial(file);
      manifest.#read(file);
    } catch (error) {
      if (error instanceof CopyError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      manifest.folders.clear();
      if (code === undefined) {
        warn(`the manifest ${JSON.stringify(file)} is damaged and was ignored: everything is copied anew`);
      } else if (code !== 'ENOENT') {
        const reason = `cannot be read and was ignored: everything is copied anew (${message})`;
        warn(`the manifest ${JSON.stringify(file)} ${reason}`);
      }
    }
    return manifest;
  }

  #read(file: string): void {
    this.#head = readHead(file);
    const { cwd, fingerprint, folders, at } = readManifest(file);
    if (cwd !== this.cwd) return;
    this.at = at;
    for (const [directory, { names, records }] of folders)
      this.folders.set(directory, { names, records, taken: new Uint8Array(names.length) });
    if (fingerprint !== this.fingerprint) this.#distrust();
  }

  /** Copied with other options: still ours, but to be copied again. */
  #distrust(): void {
    for (const { names, records } of this.folders.values())
      for (let file = 0; file < names.length; file++) forgetSource(records, file);
  }

  /**
   * What is known of files that are planned, in their order. They are no longer stale. `toKeep`: it will not be changed, and
   * so need not be a copy.
   */
  take(directory: string, names: readonly string[], toKeep = false): Uint32Array | undefined {
    const folder = this.folders.get(directory);
    if (!folder) return undefined;
    if (isSame(names, folder.names)) {
      folder.taken.fill(1);
      return toKeep ? folder.records : folder.records.slice();
    }
    const records = new Uint32Array(names.length * RECORD_WORDS);
    const positions = (folder.positions ??= new Positions(folder.names));
    for (const [file, name] of names.entries()) {
      const known = positions.of(name);
      if (known < 0) continue;
      folder.taken[known] = 1;
      records.set(
        folder.records.subarray(known * RECORD_WORDS, (known + 1) * RECORD_WORDS),
        file * RECORD_WORDS,
      );
    }
    return records;
  }

  /** Files copied earlier that nothing copies now. */
  *stale(): Generator<StaleFile> {
    for (const [directory, folder] of this.folders) {
      for (let file = 0; file < folder.names.length; file++) {
        if (folder.taken[file]) continue;
        yield { directory, name: folder.names[file]!, folder, file };
      }
    }
  }

  /** A stale file is gone, or is somebody else's now. */
  forget(folder: ManifestFolder, file: number): void {
    folder.taken[file] = 1;
    this.changed = true;
  }

  /**
   * Adds what a run knows now of files in a directory: what was taken is forgotten otherwise. Files whose record is
   * empty are not ours and are left out.
   */
  add(directory: string, names: readonly string[], records: Uint32Array): void {
    const part = chosen({ names, records }, (file) => isRecorded(records, file));
    const parts = this.#added.get(directory);
    if (parts) parts.push(part);
    else this.#added.set(directory, [part]);
  }

  /**
   * Writes what is known now, in one step: a killed process leaves the old manifest. What other processes have added
   * since it was read stays. `system` looks at files that both have copied.
   */
  write(file: string, system: System): void {
    const directory = path.dirname(file);
    try {
      fs.mkdirSync(directory, { recursive: true });
      withLock(file, () => {
        const { cwd, fingerprint } = this;
        replaceFile(system, file, (unique) =>
          encode({ cwd, fingerprint, at: Date.now() }, this.#content(file, system), unique),
        );
      });
    } catch (error) {
      throw asCopyError(error, { destination: file });
    }
  }

  #content(file: string, system: System): Map<string, Parts> {
    const content = new Map<string, Parts>();
    const others = this.#readByOthers(file);
    for (const directory of new Set([...(others ?? this).folders.keys(), ...this.#added.keys()])) {
      const known = this.folders.get(directory);
      const added = this.#added.get(directory) ?? [];
      const there = others?.folders.get(directory);
      const own = others || !known ? added : [chosen(known, (each) => !known.taken[each]), ...added];
      const query = there && { before: known, own: joined(own), other: there };
      content.set(directory, query ? [mergeRecords(system, directory, query)] : own);
    }
    return content;
  }

  /** What another process has written since this was read. */
  #readByOthers(file: string): Manifest | undefined {
    const head = readHead(file);
    if (!head || (this.#head && head.equals(this.#head))) return undefined;
    try {
      const others = new Manifest(this.cwd, this.fingerprint);
      others.#read(file);
      // Of another directory, or empty: nothing to keep.
      return others.folders.size > 0 ? others : undefined;
    } catch {
      // Damaged, and replaced by what is known here.
      return undefined;
    }
  }
}

/** Throws for a device, a FIFO or a socket: to read one may take for ever, and to write would replace it. */
function refuseSpecial(file: string): void {
  const there = fs.statSync(file, { throwIfNoEntry: false });
  if (!there || there.isFile() || there.isDirectory()) return;
  const reason = 'the manifest is a FIFO, a socket or a device, which is not replaced; name a file';
  throw new CopyError({ code: 'ERR_NOT_REGULAR', reason, destination: file });
}

/** Gives a file its content in one step. `encoded` gets a word that nobody else has. */
function replaceFile(system: System, file: string, encoded: (unique: string) => Iterable<Uint8Array>): void {
  const fail = (errno: number, syscall: string) => systemError(errno, { destination: file, syscall });
  const directory = system.openDirectory(path.dirname(file));
  if (typeof directory === 'number') throw fail(-directory, 'open');
  try {
    sweepTemporaries(system, directory);
    const staged = new StagedFile(system, directory, NEW_FILE_MODE, fail);
    try {
      for (const chunk of inChunks(encoded(staged.name))) for (const _part of staged.write(chunk));
      staged.publish((temporary) => {
        const result = moveOver(system, directory, temporary, path.basename(file));
        if (result < 0) throw fail(-result, 'rename');
        return true;
      });
    } finally {
      staged.end();
    }
  } finally {
    system.closeDirectory(directory);
  }
}

/** An empty directory in the place of a file gives way, as a damaged file does; nothing else is lost with it. */
function moveOver(system: System, directory: Directory, temporary: string, name: string): number {
  const result = system.rename(directory, temporary, name);
  if (result >= 0 || system.removeDirectory(directory, name) < 0) return result;
  return system.rename(directory, temporary, name);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, position) => name === other[position]);
}
