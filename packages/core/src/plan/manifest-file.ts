import fs from 'node:fs';
import { readSync } from '../platform/read-sync.ts';
import type { NamedRecords } from './named-records.ts';
import { RECORD_BYTES, RECORD_WORDS } from './record.ts';

const MAGIC = Buffer.from('fs-reflink manifest 1\n\0\0', 'latin1');
const HEADER_BYTES = MAGIC.length + 8;
/** So many bytes from the beginning on tell one state of a manifest from every other: its {@link Header.id} is among them. */
const HEAD_BYTES = 128;
const CHUNK_BYTES = 256 * 1024;
/** Bytes that one call reads at most: Node.js takes no more than 2 GiB. */
const MOST_READ = 1024 ** 3;

export interface ManifestContent {
  /** The directory the destinations belong to: a manifest that was moved along with a project is void. */
  cwd: string;
  /** What else decides what a copied file looks like. */
  fingerprint: string;
  /** By absolute path of the destination directory. */
  folders: Iterable<[directory: string, known: NamedRecords]>;
  /** When it was written, in milliseconds since 1970. */
  at: number;
}

interface Header {
  /** Unique to each time a manifest is written. The first property, so that it is among the first bytes. */
  id?: string;
  at?: number;
  cwd: string;
  fingerprint: string;
  folders: [directory: string, names: readonly string[]][];
}

/** Reads a manifest, its records straight to where they stay. Throws where it is damaged. */
export function readManifest(file: string): ManifestContent {
  const fd = fs.openSync(file, 'r');
  try {
    const start = readExactly(fd, Buffer.alloc(HEADER_BYTES));
    if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a manifest');
    const textLength = start.readUInt32LE(MAGIC.length);
    const files = start.readUInt32LE(MAGIC.length + 4);
    if (fs.fstatSync(fd).size !== HEADER_BYTES + textLength + files * RECORD_BYTES)
      throw new Error('cut short');
    const text = readExactly(fd, Buffer.allocUnsafe(textLength));
    const header = JSON.parse(text.toString('utf8')) as Header;
    const records = new Uint32Array(files * RECORD_WORDS);
    readExactly(fd, Buffer.from(records.buffer));
    return { ...header, folders: withRecords(header.folders, records), at: header.at ?? 0 };
  } finally {
    fs.closeSync(fd);
  }
}

function withRecords(folders: Header['folders'], records: Uint32Array): [string, NamedRecords][] {
  let start = 0;
  return folders.map(([directory, names]) => {
    const end = start + names.length * RECORD_WORDS;
    const known = { names, records: records.subarray(start, end) };
    start = end;
    return [directory, known];
  });
}

/** Fills a buffer from where the file is read. Throws where it ends before. */
function readExactly(fd: number, into: Buffer): Buffer {
  for (let done = 0; done < into.length; ) {
    const got = readSync(fd, into, done, Math.min(into.length - done, MOST_READ), null);
    if (got === 0) throw new Error('cut short');
    done += got;
  }
  return into;
}

/** What is known of a directory, in the parts that it came in. */
export type Parts = readonly NamedRecords[];

/**
 * The bytes of a manifest, in pieces to be written one after the other: what is known of all files is not copied for that.
 * Binary, because it is read at every start: names as JSON, then the records.
 */
export function* encode(
  { cwd, fingerprint, at }: Omit<ManifestContent, 'folders'>,
  folders: ReadonlyMap<string, Parts>,
  id: string,
): Generator<Uint8Array> {
  const all = [...folders].filter(([, parts]) => parts.some(({ names }) => names.length > 0));
  const named = all.map(([directory, parts]): Header['folders'][number] => [
    directory,
    parts.length === 1 ? parts[0]!.names : parts.flatMap(({ names }) => names),
  ]);
  const header: Header = { id, at, cwd, fingerprint, folders: named };
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(text.length, 0);
  lengths.writeUInt32LE(
    named.reduce((sum, [, names]) => sum + names.length, 0),
    4,
  );
  yield MAGIC;
  yield lengths;
  yield text;
  for (const [, parts] of all)
    for (const { records } of parts)
      yield new Uint8Array(records.buffer, records.byteOffset, records.byteLength);
}

/** Joins small pieces, for fewer system calls. What is yielded is valid until the next one. */
export function* inChunks(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let end = 0;
  for (const piece of pieces) {
    if (end + piece.length > CHUNK_BYTES) {
      yield chunk.subarray(0, end);
      end = 0;
    }
    if (piece.length > CHUNK_BYTES) yield piece;
    else {
      chunk.set(piece, end);
      end += piece.length;
    }
  }
  yield chunk.subarray(0, end);
}

/** What tells this state of a manifest from every other. Undefined where there is none that can be read. */
export function readHead(file: string): Buffer | undefined {
  try {
    const fd = fs.openSync(file, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, null));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
