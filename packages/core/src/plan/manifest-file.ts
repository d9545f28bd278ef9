import fs from 'node:fs';
import { tryOr } from '../platform/path-status.ts';
import { readStart, readUpTo } from '../platform/read-sync.ts';
import type { NamedRecords } from './named-records.ts';
import { RECORD_BYTES } from './record.ts';

/*
 * A manifest has a head, a section for each directory, an index of the sections, and the length of the index. A
 * section has the names as JSON without brackets (JSON can also represent names that are not Unicode), padded with
 * spaces, and then the records. So a manifest can be written during a copy, and read one directory at a time: a large
 * manifest does not need much memory.
 */
const MAGIC = Buffer.from('fs-reflink manifest 2\n\0\0', 'latin1');
/** The start of a manifest of any version. */
const NAME = Buffer.from('fs-reflink manifest', 'latin1');
/** The first bytes of a manifest. They differ in every state of it, because they contain its id. */
const HEAD_BYTES = 128;
const FOOTER_BYTES = 4;
const ALIGNED = 4;
/**
 * Up to this many bytes, a manifest is read at once. On Windows every manifest is, because an open file could not be
 * replaced.
 */
const READ_AT_ONCE = process.platform === 'win32' ? Number.POSITIVE_INFINITY : 4 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** The description of a manifest, stored in its index. */
export interface ManifestHeader {
  /**
   * The directory that the destinations belong to. A manifest that was moved together with its project is invalid.
   */
  cwd: string;
  /** The options that also determine what a copied file looks like. */
  fingerprint: string;
  /** When it was written, in milliseconds since 1970. */
  at: number;
}

interface Index extends ManifestHeader {
  sections: [directory: string, files: number, textBytes: number][];
}

/**
 * Names and records of some files of a directory, as bytes. They are fetched when a method is called, and are valid
 * until the next call, also of another part.
 */
export interface Part {
  files: number;
  /** Names as JSON, without brackets. */
  text(): Uint8Array;
  records(): Uint8Array;
}

/** The position of a section in a manifest or in its temporary file. */
export interface Section {
  at: number;
  files: number;
  textBytes: number;
}

/** Where the bytes of sections are read from. */
export interface SectionStore {
  /** Throws if the bytes cannot be read. Reads them to `into`, unless they are in memory anyway. */
  read(at: number, length: number, into?: Buffer): Buffer;
}

let reused = Buffer.alloc(0);

/** Returns the same memory each time: separate buffers for thousands of directories would be freed late. */
function reusedBuffer(length: number): Buffer {
  if (length > CHUNK_BYTES) return Buffer.allocUnsafeSlow(length);
  if (reused.length === 0) reused = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return reused.subarray(0, length);
}

export function partOf(store: SectionStore, { at, files, textBytes }: Section): Part {
  return {
    files,
    text: () => withoutPadding(store.read(at, textBytes, reusedBuffer(textBytes))),
    records: () => {
      const bytes = files * RECORD_BYTES;
      return store.read(at + textBytes, bytes, reusedBuffer(bytes));
    },
  };
}

function withoutPadding(text: Buffer): Buffer {
  return text.subarray(0, text.lastIndexOf('"') + 1);
}

/** Reads a section. Throws if it is damaged. */
export function decode(store: SectionStore, { at, files, textBytes }: Section): NamedRecords {
  const bytes = store.read(at, textBytes + files * RECORD_BYTES);
  return {
    names: decodeNames(bytes.subarray(0, textBytes), files),
    records: words(bytes.subarray(textBytes)),
  };
}

function decodeNames(text: Buffer, files: number): string[] {
  const json = withoutPadding(text).toString('utf8');
  // JSON.parse() keeps short strings in memory until the whole heap is collected.
  const names: string[] = json.includes('\\') ? JSON.parse(`[${json}]`) : json.slice(1, -1).split('","');
  if (names.length !== files) throw new Error('damaged');
  return names;
}

function words(bytes: Buffer): Uint32Array {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset % ALIGNED === 0) return new Uint32Array(buffer, byteOffset, length / 4);
  const copied = new Uint32Array(length / 4);
  bytes.copy(new Uint8Array(copied.buffer));
  return copied;
}

export function encodeNames(names: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(names).slice(1, -1), 'utf8');
}

export function asBytes({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function toPart({ names, records }: NamedRecords): Part {
  return { files: names.length, text: () => encodeNames(names), records: () => asBytes(records) };
}

/** An open manifest. */
export class ManifestReader implements SectionStore {
  readonly header: ManifestHeader;
  readonly head: Buffer;
  readonly sections: [directory: string, section: Section][] = [];
  /** The whole manifest, if it is small. */
  readonly #whole: Buffer | undefined;
  #fd: number | undefined;

  /** Throws if the manifest is damaged. */
  constructor(file: string) {
    this.#fd = fs.openSync(file, 'r');
    try {
      const { size } = fs.fstatSync(this.#fd);
      if (size <= READ_AT_ONCE) {
        this.#whole = readExactly(this.#fd, Buffer.allocUnsafeSlow(size), null);
        this.close();
      }
      if (size < HEAD_BYTES + FOOTER_BYTES) throw new Error('cut short');
      this.head = this.read(0, HEAD_BYTES);
      if (!this.head.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('another version');
      const indexBytes = this.read(size - FOOTER_BYTES, FOOTER_BYTES).readUInt32LE();
      const end = size - FOOTER_BYTES - indexBytes;
      if (end < HEAD_BYTES) throw new Error('cut short');
      const { sections, ...header } = JSON.parse(this.read(end, indexBytes).toString('utf8')) as Index;
      this.header = header;
      let at = HEAD_BYTES;
      for (const [directory, files, textBytes] of sections) {
        this.sections.push([directory, { at, files, textBytes }]);
        at += textBytes + files * RECORD_BYTES;
      }
      if (at !== end) throw new Error('damaged');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  read(at: number, length: number, into?: Buffer): Buffer {
    if (this.#whole) return this.#whole.subarray(at, at + length);
    return readExactly(this.#fd!, into ?? Buffer.allocUnsafe(length), at);
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** The names in a manifest of `cwd`, by directory. Throws if the manifest is damaged. */
export function readNames(file: string, cwd: string): [directory: string, names: string[]][] {
  const reader = new ManifestReader(file);
  try {
    if (reader.header.cwd !== cwd) return [];
    return reader.sections.map(([directory, { at, files, textBytes }]) => [
      directory,
      decodeNames(reader.read(at, textBytes), files),
    ]);
  } finally {
    reader.close();
  }
}

/** Fills a buffer from the current position of the file, or from `at`. Throws if the file ends before. */
export function readExactly(fd: number, into: Buffer, at: number | null): Buffer {
  if (readUpTo(fd, into, at) < into.length) throw new Error('cut short');
  return into;
}

/** Yields the bytes of a manifest, in pieces to be written in order. `id` is a unique string. */
export function* encode(
  header: ManifestHeader,
  content: Iterable<[directory: string, parts: readonly Part[]]>,
  id: string,
): Generator<Uint8Array> {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.write(id, MAGIC.length, 'latin1');
  yield head;
  const sections: Index['sections'] = [];
  for (const [directory, all] of content) {
    const parts = all.filter(({ files }) => files > 0);
    if (parts.length === 0) continue;
    let textBytes = 0;
    for (const [number, part] of parts.entries()) {
      const text = part.text();
      if (number > 0) yield Buffer.from(',');
      yield text;
      textBytes += text.length + (number > 0 ? 1 : 0);
    }
    const padding = (ALIGNED - (textBytes % ALIGNED)) % ALIGNED;
    yield Buffer.alloc(padding, ' ');
    for (const part of parts) yield part.records();
    const files = parts.reduce((sum, part) => sum + part.files, 0);
    sections.push([directory, files, textBytes + padding]);
  }
  const index = Buffer.from(JSON.stringify({ ...header, sections } satisfies Index), 'utf8');
  yield index;
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt32LE(index.length);
  yield footer;
}

/** Joins small pieces, to need fewer system calls. Each result is valid until the next one. */
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

/**
 * Whether a file may be a manifest: of any version, damaged, empty, or filled with zeros after a power failure. If it
 * cannot be read, `head` is undefined, and this returns true.
 */
export function mayBeManifest(head: Buffer | undefined): boolean {
  if (!head || head.every((byte) => byte === 0)) return true;
  // A damaged manifest still contains most of its name.
  return NAME.filter((byte, position) => byte === head[position]).length > NAME.length / 2;
}

/** The bytes that identify this state of a manifest. Returns undefined if it cannot be read. */
export function readHead(file: string): Buffer | undefined {
  return tryOr(undefined, () => readStart(file, 'r', HEAD_BYTES));
}
