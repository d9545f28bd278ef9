import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, systemError } from '../errors.ts';
import type { Directory, System } from '../platform/system.ts';
import { StagedFile } from '../transfer/staged-file.ts';
import { sweepTemporaries } from '../transfer/sweep.ts';
import { withLock } from './lock.ts';
import {
  decode,
  encode,
  inChunks,
  ManifestReader,
  type Part,
  partOf,
  readHead,
  type Section,
  toPart,
} from './manifest-file.ts';
import { chosen, joined, mergeRecords, type NamedRecords } from './named-records.ts';
import { Positions } from './positions.ts';
import { forgetSource, isRecorded, RECORD_WORDS } from './record.ts';
import { Scratch } from './scratch.ts';

/** The process's umask applies to it. */
const NEW_FILE_MODE = 0o666;

/** What an earlier run copied into one directory of the destination. Read when it is asked for. */
export class ManifestFolder implements NamedRecords {
  /** How many files. */
  readonly files: number;
  readonly section: Section;
  /** Which of it this run decides about: what is planned again, and what is known no longer. */
  readonly taken: Uint8Array;
  /** All of it is in place, and stays known. */
  isUnchanged = false;
  readonly #load: (folder: ManifestFolder) => LoadedFolder;

  constructor(section: Section, load: (folder: ManifestFolder) => LoadedFolder) {
    this.section = section;
    this.files = section.files;
    this.taken = new Uint8Array(section.files);
    this.#load = load;
  }

  get names(): readonly string[] {
    return this.#load(this).names;
  }

  get records(): Uint32Array {
    return this.#load(this).records;
  }

  /** Where a name is in `names`, -1 if it is not. */
  positionOf(name: string): number {
    const loaded = this.#load(this);
    loaded.positions ??= new Positions(loaded.names);
    return loaded.positions.of(name);
  }
}

interface LoadedFolder extends NamedRecords {
  folder: ManifestFolder;
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
  readonly #added = new Map<string, Section[]>();
  readonly #scratch: Scratch;
  readonly #warn: (message: string) => void;
  #reader: ManifestReader | undefined;
  /** The folder that was read last. */
  #loaded: LoadedFolder | undefined;
  /** Copied with other options: still ours, but to be copied again. */
  #isDistrusted = false;
  #hasWarned = false;

  /** `file`: what is known may be put aside beside it until it is written. To be closed. */
  constructor(
    cwd: string,
    fingerprint: string,
    file?: string,
    warn: (message: string) => void = () => undefined,
  ) {
    this.cwd = cwd;
    this.fingerprint = fingerprint;
    this.#scratch = new Scratch(file);
    this.#warn = warn;
  }

  /** Reads a manifest. One that is missing, cannot be read, is damaged or of another directory is as good as none. */
  static read(file: string, cwd: string, fingerprint: string, warn: (message: string) => void): Manifest {
    const manifest = new Manifest(cwd, fingerprint, file, warn);
    try {
      refuseSpecial(file);
      manifest.#read(file);
    } catch (error) {
      if (error instanceof CopyError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      manifest.folders.clear();
      if (code === undefined) {
        warn(
          `the manifest ${JSON.stringify(file)} is damaged, or of another version, and was ignored: everything is copied anew`,
        );
      } else if (code !== 'ENOENT') {
        const reason = `cannot be read and was ignored: everything is copied anew (${message})`;
        warn(`the manifest ${JSON.stringify(file)} ${reason}`);
      }
    }
    return manifest;
  }

  #read(file: string): void {
    const reader = new ManifestReader(file);
    this.#reader = reader;
    const { cwd, fingerprint, at } = reader.header;
    if (cwd !== this.cwd) return;
    this.at = at;
    this.#isDistrusted = fingerprint !== this.fingerprint;
    const load = (folder: ManifestFolder) =>
      this.#loaded?.folder === folder ? this.#loaded : this.#load(folder);
    for (const [directory, section] of reader.sections)
      this.folders.set(directory, new ManifestFolder(section, load));
  }

  /** A part that is damaged is as good as none. */
  #load(folder: ManifestFolder): LoadedFolder {
    let known: NamedRecords = { names: [], records: new Uint32Array() };
    try {
      known = decode(this.#reader!, folder.section);
    } catch {
      if (!this.#hasWarned)
        this.#warn('a part of the manifest is damaged and was ignored: its files are copied anew');
      this.#hasWarned = true;
    }
    const { names, records } = known;
    if (this.#isDistrusted) for (let file = 0; file < names.length; file++) forgetSource(records, file);
    this.#loaded = { folder, names, records };
    return this.#loaded;
  }

  /** Closes the file that the manifest was read from, and deletes the temporary file. Call nothing else after it. */
  close(): void {
    this.#reader?.close();
    this.#scratch.close();
  }

  /**
   * Notes that files are in place as they are recorded, which their number tells: each of them is known to be recorded.
   * False: not all that are recorded are among them, and they are to be taken one by one.
   */
  keep(directory: string, files: number): boolean {
    const folder = this.folders.get(directory);
    if (folder?.files !== files) return false;
    folder.isUnchanged = true;
    return true;
  }

  /** What is known of files that are planned, in their order. They are no longer stale. */
  take(directory: string, names: readonly string[]): Uint32Array | undefined {
    const folder = this.folders.get(directory);
    if (!folder) return undefined;
    if (isSame(names, folder.names)) {
      folder.isUnchanged = false;
      folder.taken.fill(1);
      return folder.records.slice();
    }
    const records = new Uint32Array(names.length * RECORD_WORDS);
    for (const [file, name] of names.entries()) {
      const known = folder.positionOf(name);
      if (known < 0) continue;
      folder.isUnchanged = false;
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
      if (folder.isUnchanged) continue;
      for (let file = 0; file < folder.files; file++) {
        if (folder.taken[file]) continue;
        // Nothing is known of what is damaged.
        if (folder.names.length !== folder.files) break;
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
    if (part.names.length === 0) return;
    const section = this.#scratch.append(part);
    const sections = this.#added.get(directory);
    if (sections) sections.push(section);
    else this.#added.set(directory, [section]);
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
        const others = this.#readByOthers(file);
        try {
          const header = { cwd: this.cwd, fingerprint: this.fingerprint, at: Date.now() };
          replaceFile(system, file, (unique) => encode(header, this.#content(others, system), unique));
        } finally {
          others?.close();
        }
      });
    } catch (error) {
      throw asCopyError(error, { destination: file });
    }
  }

  *#content(others: Manifest | undefined, system: System): Generator<[string, Part[]]> {
    for (const directory of new Set([...(others ?? this).folders.keys(), ...this.#added.keys()])) {
      const known = this.folders.get(directory);
      const added = this.#added.get(directory) ?? [];
      const there = others?.folders.get(directory);
      if (there) {
        const parts = added.map((section) => decode(this.#scratch, section));
        const own = joined(known?.isUnchanged ? [known, ...parts] : parts);
        // This run has decided about the unchanged files too.
        if (known?.isUnchanged) known.taken.fill(1);
        yield [directory, [toPart(mergeRecords(system, directory, { before: known, own, other: there }))]];
      } else {
        const stays = known && (known.isUnchanged || !others) ? [this.#left(known)] : [];
        yield [directory, [...stays, ...added.map((section) => partOf(this.#scratch, section))]];
      }
    }
  }

  /** The files that this run decides nothing about. */
  #left(folder: ManifestFolder): Part {
    const { isUnchanged, taken, section } = folder;
    const isWhole = isUnchanged || !taken.includes(1);
    if (isWhole && !this.#isDistrusted) return partOf(this.#reader!, section);
    const { names, records } = folder;
    return toPart(chosen({ names, records }, (file) => isWhole || !taken[file]));
  }

  /** What another process has written since this was read. */
  #readByOthers(file: string): Manifest | undefined {
    const head = readHead(file);
    if (!head || (this.#reader && head.equals(this.#reader.head))) return undefined;
    const others = new Manifest(this.cwd, this.fingerprint);
    try {
      others.#read(file);
      // Of another directory, or empty: nothing to keep.
      if (others.folders.size > 0) return others;
    } catch {
      // Damaged, and replaced by what is known here.
    }
    others.close();
    return undefined;
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
