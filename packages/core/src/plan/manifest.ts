import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, systemError } from '../errors.ts';
import type { Directory, System } from '../platform/system.ts';
import { NEW_FILE_MODE } from '../transfer/metadata.ts';
import { openDirectory } from '../transfer/opened-path.ts';
import { StagedFile } from '../transfer/staged-file.ts';
import { sweepTemporaries } from '../transfer/temporary.ts';
import { makeDirectories } from '../transfer/tree.ts';
import { withLock } from './lock.ts';
import {
  decode,
  encode,
  inChunks,
  ManifestReader,
  mayBeManifest,
  type Part,
  partOf,
  readHead,
  type Section,
  toPart,
} from './manifest-file.ts';
import { chosen, joined, mergeRecords, type NamedRecords, Positions } from './named-records.ts';
import { copyRecord, forgetSource, isRecorded, RECORD_WORDS } from './record.ts';
import { Scratch } from './scratch.ts';

/** Only manifests have this extension, so a file with it and another content is a damaged manifest. */
const EXTENSION = '.manifest';

/** The files that an earlier run copied to one directory. Their names and records are read when they are needed. */
export class ManifestFolder implements NamedRecords {
  /** The number of files. */
  readonly files: number;
  readonly section: Section;
  /** By position, 1 for the files that this run decides about: those planned again, and those forgotten. */
  readonly taken: Uint8Array;
  /** Whether all of its files are up to date, and stay recorded. */
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

  /** The position of a name in `names`, or -1. */
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

/** A file that an earlier run copied and no target copies now. */
export interface StaleFile {
  /** Absolute path of the directory it is in. */
  directory: string;
  name: string;
  folder: ManifestFolder;
  /** Its position in `folder`. */
  file: number;
}

/** The records of what earlier runs copied, and of what this run copies. */
export class Manifest {
  /** What earlier runs copied, by absolute path of the destination directory. */
  readonly folders: Map<string, ManifestFolder> = new Map();
  readonly cwd: string;
  readonly fingerprint: string;
  /** When the manifest was written, in milliseconds since 1970; 0 if there was none. */
  at = 0;
  /** Whether earlier runs kept hard links, so that several records may be of one file. */
  keepsLinks = false;
  /** Whether files were forgotten that this run does not copy. */
  changed = false;
  /** The records that this run added, in the parts in which they came. */
  readonly #added = new Map<string, Section[]>();
  readonly #scratch: Scratch;
  readonly #warn: (message: string) => void;
  #reader: ManifestReader | undefined;
  /** The folder that was read last. */
  #loaded: LoadedFolder | undefined;
  /** Whether the files were copied with other options: they still belong to this copy, but must be copied again. */
  #isDistrusted = false;
  #hasWarned = false;

  /**
   * `file` is the path of the manifest: records may be kept in a temporary file beside it until it is written. Call
   * {@link close} at the end.
   */
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

  /** Reads a manifest. Returns an empty one if it is missing, unreadable, damaged or of another directory. */
  static read(file: string, cwd: string, fingerprint: string, warn: (message: string) => void): Manifest {
    const manifest = new Manifest(cwd, fingerprint, file, warn);
    try {
      refuseOther(file);
      const other = manifest.#read(file);
      if (other !== undefined) {
        const [here, there] = [JSON.stringify(cwd), JSON.stringify(other)];
        warn(
          `the manifest ${JSON.stringify(file)} belongs to copies in ${there}, not in ${here}, and was ignored: everything ` +
            'is copied again. If two projects share it, give each its own; if the project was moved, nothing has to be done',
        );
      }
    } catch (error) {
      if (error instanceof CopyError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      manifest.folders.clear();
      if (code === undefined) {
        warn(
          `the manifest ${JSON.stringify(file)} is damaged, or of another version, and was ignored: everything is copied again`,
        );
      } else if (code !== 'ENOENT') {
        const reason = `cannot be read and was ignored: everything is copied again (${message})`;
        warn(`the manifest ${JSON.stringify(file)} ${reason}`);
      }
    }
    return manifest;
  }

  /** Returns the directory that the manifest belongs to if that is another one. Then no record is read. */
  #read(file: string): string | undefined {
    const reader = new ManifestReader(file);
    this.#reader = reader;
    const { cwd, fingerprint, at } = reader.header;
    if (cwd !== this.cwd) return cwd;
    this.at = at;
    this.#isDistrusted = fingerprint !== this.fingerprint;
    this.keepsLinks = fingerprint.includes('"links"');
    const load = (folder: ManifestFolder) =>
      this.#loaded?.folder === folder ? this.#loaded : this.#load(folder);
    for (const [directory, section] of reader.sections)
      this.folders.set(directory, new ManifestFolder(section, load));
    return undefined;
  }

  /** Reads a folder. A damaged one counts as empty. */
  #load(folder: ManifestFolder): LoadedFolder {
    let known: NamedRecords = { names: [], records: new Uint32Array() };
    try {
      known = decode(this.#reader!, folder.section);
    } catch {
      if (!this.#hasWarned)
        this.#warn('a part of the manifest is damaged and was ignored: its files are copied again');
      this.#hasWarned = true;
    }
    const { names, records } = known;
    if (this.#isDistrusted) for (let file = 0; file < names.length; file++) forgetSource(records, file);
    this.#loaded = { folder, names, records };
    return this.#loaded;
  }

  /**
   * Closes the file that the manifest was read from, and deletes the temporary file. Call no other method afterwards.
   */
  close(): void {
    this.#reader?.close();
    this.#scratch.close();
  }

  /**
   * Records that `files` files of a directory are unchanged. Each of them is known to be recorded, so their number is
   * enough to compare. Returns false if not all recorded files are among them: then call {@link take}.
   */
  keep(directory: string, files: number): boolean {
    const folder = this.folders.get(directory);
    if (folder?.files !== files) return false;
    folder.isUnchanged = true;
    return true;
  }

  /**
   * Returns the records of planned files, in the order of `names`. These files are no longer stale. Returns undefined
   * if nothing is recorded for the directory.
   */
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
      copyRecord(folder.records, known, records, file);
    }
    return records;
  }

  /** Yields the files that were copied earlier and that no target copies now. */
  *stale(): Generator<StaleFile> {
    for (const [directory, folder] of this.folders) {
      if (folder.isUnchanged) continue;
      for (let file = 0; file < folder.files; file++) {
        if (folder.taken[file]) continue;
        // Nothing is known about the files of a damaged folder.
        if (folder.names.length !== folder.files) break;
        yield { directory, name: folder.names[file]!, folder, file };
      }
    }
  }

  /** Removes the record of a stale file that was deleted, or that another program has changed. */
  forget(folder: ManifestFolder, file: number): void {
    folder.taken[file] = 1;
    this.changed = true;
  }

  /**
   * Adds the new records of files in a directory: a file that was taken is forgotten unless it is added. Files with
   * an empty record do not belong to the copy and are left out.
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
   * Writes all records in one step: if the process is killed, the old manifest remains. Records that other processes
   * have added since the manifest was read are kept. `system` calls stat for files that both have copied.
   */
  write(file: string, system: System): void {
    const directory = path.dirname(file);
    try {
      makeDirectories(directory);
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
        yield [directory, [toPart(mergeRecords(system, directory, known, own, there))]];
      } else {
        const stays = known && (known.isUnchanged || !others) ? [this.#left(known)] : [];
        yield [directory, [...stays, ...added.map((section) => partOf(this.#scratch, section))]];
      }
    }
  }

  /** The files that this run has not decided about. */
  #left(folder: ManifestFolder): Part {
    const { isUnchanged, taken, section } = folder;
    const isWhole = isUnchanged || !taken.includes(1);
    if (isWhole && !this.#isDistrusted) return partOf(this.#reader!, section);
    const { names, records } = folder;
    return toPart(chosen({ names, records }, (file) => isWhole || !taken[file]));
  }

  /** The manifest that another process has written since this one was read. Returns undefined if there is none. */
  #readByOthers(file: string): Manifest | undefined {
    const head = readHead(file);
    if (!head || (this.#reader && head.equals(this.#reader.head))) return undefined;
    const others = new Manifest(this.cwd, this.fingerprint);
    try {
      others.#read(file);
      // It is of another directory, or empty: nothing has to be kept.
      if (others.folders.size > 0) return others;
    } catch {
      // It is damaged: this manifest replaces it.
    }
    others.close();
    return undefined;
  }
}

/**
 * Throws for a file that the manifest must not replace: a device, a FIFO or a socket, which may also block a reader
 * forever, and a file that is no manifest, unless its extension is that of one.
 */
function refuseOther(file: string): void {
  const there = fs.statSync(file, { throwIfNoEntry: false });
  if (!there || there.isDirectory()) return;
  if (!there.isFile()) {
    const reason = 'the manifest is a FIFO, a socket or a device, which is not replaced; name a file';
    throw new CopyError({ code: 'ERR_NOT_REGULAR', reason, destination: file });
  }
  if (file.endsWith(EXTENSION) || mayBeManifest(readHead(file))) return;
  const reason =
    'the option "manifest" (--manifest) names a file that is no manifest, and would be replaced; name another file, or delete this one';
  throw new CopyError({ code: 'ERR_MANIFEST', reason, destination: file });
}

/** Replaces a file in one step. `encoded` is called with a unique string, and returns the content. */
function replaceFile(system: System, file: string, encoded: (unique: string) => Iterable<Uint8Array>): void {
  const fail = (errno: number, syscall: string) => systemError(errno, { destination: file, syscall });
  const directory = openDirectory(system, path.dirname(file), { destination: file });
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

/**
 * Renames the file, replacing an empty directory too: like a damaged manifest, it contains nothing that could be
 * lost.
 */
function moveOver(system: System, directory: Directory, temporary: string, name: string): number {
  const result = system.rename(directory, temporary, name);
  if (result >= 0 || system.removeDirectory(directory, name) < 0) return result;
  return system.rename(directory, temporary, name);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, position) => name === other[position]);
}
