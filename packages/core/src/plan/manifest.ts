import fs from 'node:fs';
import path from 'node:path';
import { asCopyError } from '../errors.ts';
import { Positions } from './positions.ts';
import { forget, RECORD_BYTES, RECORD_WORDS } from './record.ts';

const MAGIC = Buffer.from('fs-reflink manifest 1\n\0\0', 'latin1');
const HEADER_BYTES = MAGIC.length + 8;

interface Header {
  /** The directory the destinations belong to: a manifest that was moved along with a project is void. */
  cwd: string;
  /** What else decides what a placed file looks like. */
  fingerprint: string;
  folders: [directory: string, names: readonly string[]][];
}

/** What was placed in one directory of the destination, and which of it is planned again. */
export interface ManifestFolder extends NamedRecords {
  taken: Uint8Array;
}

/** What is known of the files of a directory, a record each. */
export interface NamedRecords {
  names: readonly string[];
  records: Uint32Array;
}

/** What earlier runs placed. Binary, because it is read at every start: names as JSON, then the records. */
export class Manifest {
  /** By absolute path of the destination directory. */
  readonly folders: Map<string, ManifestFolder> = new Map();
  readonly cwd: string;
  readonly fingerprint: string;
  /** Something was forgotten that nothing is placed for. */
  changed = false;

  constructor(cwd: string, fingerprint: string) {
    this.cwd = cwd;
    this.fingerprint = fingerprint;
  }

  /** Reads a manifest. One that is missing, damaged or of another place is as good as none. */
  static read(file: string, cwd: string, fingerprint: string, warn: (message: string) => void): Manifest {
    const manifest = new Manifest(cwd, fingerprint);
    let bytes: Buffer;
    try {
      bytes = fs.readFileSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asCopyError(error, { source: file });
      return manifest;
    }
    try {
      manifest.#decode(bytes);
    } catch {
      manifest.folders.clear();
      warn(`the manifest ${JSON.stringify(file)} is damaged and was ignored: everything is placed anew`);
    }
    return manifest;
  }

  #decode(bytes: Buffer): void {
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a manifest');
    const textLength = bytes.readUInt32LE(MAGIC.length);
    const files = bytes.readUInt32LE(MAGIC.length + 4);
    const recordsStart = HEADER_BYTES + textLength;
    if (bytes.length !== recordsStart + files * RECORD_BYTES) throw new Error('cut short');
    const header = JSON.parse(bytes.toString('utf8', HEADER_BYTES, recordsStart)) as Header;
    if (header.cwd !== this.cwd) return;
    const records = new Uint32Array(files * RECORD_WORDS);
    Buffer.from(records.buffer).set(bytes.subarray(recordsStart));
    let start = 0;
    for (const [directory, names] of header.folders) {
      const end = start + names.length * RECORD_WORDS;
      this.folders.set(directory, {
        names,
        records: records.subarray(start, end),
        taken: new Uint8Array(names.length),
      });
      start = end;
    }
    if (header.fingerprint !== this.fingerprint) this.#distrust();
  }

  /** Placed with other options: still ours, but to be placed again. */
  #distrust(): void {
    for (const { names, records } of this.folders.values()) {
      for (let file = 0; file < names.length; file++)
        records.fill(0, file * RECORD_WORDS, file * RECORD_WORDS + RECORD_WORDS / 2);
    }
  }

  /** What is known of files that are planned, in their order. They are no longer stale. */
  take(directory: string, names: readonly string[]): Uint32Array | undefined {
    const folder = this.folders.get(directory);
    if (!folder) return undefined;
    if (isSame(names, folder.names)) {
      folder.taken.fill(1);
      return folder.records.slice();
    }
    const records = new Uint32Array(names.length * RECORD_WORDS);
    const positions = new Positions(folder.names);
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

  /** Files placed earlier that nothing places now. */
  *stale(): Generator<{ directory: string; name: string; folder: ManifestFolder; file: number }> {
    for (const [directory, folder] of this.folders) {
      for (let file = 0; file < folder.names.length; file++) {
        if (folder.taken[file]) continue;
        yield { directory, name: folder.names[file]!, folder, file };
      }
    }
  }

  /** Adds what a run knows now. Files whose record is empty are not ours and are left out. */
  add(directory: string, names: readonly string[], records: Uint32Array): void {
    const kept = withoutEmpty(names, records);
    const known = this.folders.get(directory);
    const all = known ? joined(known, kept) : kept;
    this.folders.set(directory, { ...all, taken: new Uint8Array(all.names.length) });
  }

  /** Forgets what is planned again, which {@link add} is told anew, and what was forgotten meanwhile. */
  dropTaken(): void {
    for (const [directory, { names, records, taken }] of [...this.folders]) {
      taken.forEach((isTaken, file) => {
        if (isTaken) forget(records, file);
      });
      this.folders.delete(directory);
      this.add(directory, names, records);
    }
  }

  /** Puts the manifest in place in one step: a killed process leaves the old one. */
  write(file: string): void {
    const directory = path.dirname(file);
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      fs.mkdirSync(directory, { recursive: true });
      fs.writeFileSync(temporary, this.#encode());
      fs.renameSync(temporary, file);
    } catch (error) {
      try {
        fs.rmSync(temporary, { force: true });
      } catch {
        // What kept it from being written keeps it from being looked for.
      }
      throw asCopyError(error, { destination: file });
    }
  }

  #encode(): Buffer {
    const folders = [...this.folders].filter(([, { names }]) => names.length > 0);
    const header: Header = {
      cwd: this.cwd,
      fingerprint: this.fingerprint,
      folders: folders.map(([directory, { names }]) => [directory, names]),
    };
    const text = Buffer.from(JSON.stringify(header), 'utf8');
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(text.length, 0);
    lengths.writeUInt32LE(
      folders.reduce((sum, [, { names }]) => sum + names.length, 0),
      4,
    );
    const records = folders.map(([, folder]) =>
      Buffer.from(folder.records.buffer, folder.records.byteOffset, folder.records.byteLength),
    );
    return Buffer.concat([MAGIC, lengths, text, ...records]);
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, position) => name === other[position]);
}

function withoutEmpty(names: readonly string[], records: Uint32Array): NamedRecords {
  const isRecorded = (file: number) => records[(file + 1) * RECORD_WORDS - 1] !== 0;
  const kept: number[] = [];
  for (let file = 0; file < names.length; file++) if (isRecorded(file)) kept.push(file);
  // As a rule all of them are.
  if (kept.length === names.length) return { names, records };
  const of = new Uint32Array(kept.length * RECORD_WORDS);
  for (const [position, file] of kept.entries())
    of.set(records.subarray(file * RECORD_WORDS, (file + 1) * RECORD_WORDS), position * RECORD_WORDS);
  return { names: kept.map((file) => names[file]!), records: of };
}

function joined(one: NamedRecords, other: NamedRecords): NamedRecords {
  const records = new Uint32Array(one.records.length + other.records.length);
  records.set(one.records);
  records.set(other.records, one.records.length);
  return { names: [...one.names, ...other.names], records };
}
