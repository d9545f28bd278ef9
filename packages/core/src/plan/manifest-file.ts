import fs from 'node:fs';
import type { NamedRecords } from './named-records.ts';
import { RECORD_BYTES, RECORD_WORDS } from './record.ts';

const MAGIC = Buffer.from('fs-reflink manifest 1\n\0\0', 'latin1');
const HEADER_BYTES = MAGIC.length + 8;
/** So many bytes from the beginning on tell one state of a manifest from every other: its {@link Header.id} is among them. */
const HEAD_BYTES = 128;

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

/** Reads the bytes of a manifest. Throws where they are damaged. */
export function decode(bytes: Buffer): ManifestContent {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a manifest');
  const textLength = bytes.readUInt32LE(MAGIC.length);
  const files = bytes.readUInt32LE(MAGIC.length + 4);
  const recordsStart = HEADER_BYTES + textLength;
  if (bytes.length !== recordsStart + files * RECORD_BYTES) throw new Error('cut short');
  const header = JSON.parse(bytes.toString('utf8', HEADER_BYTES, recordsStart)) as Header;
  const records = new Uint32Array(files * RECORD_WORDS);
  Buffer.from(records.buffer).set(bytes.subarray(recordsStart));
  let start = 0;
  const folders = header.folders.map(([directory, names]): [string, NamedRecords] => {
    const end = start + names.length * RECORD_WORDS;
    const known = { names, records: records.subarray(start, end) };
    start = end;
    return [directory, known];
  });
  return { cwd: header.cwd, fingerprint: header.fingerprint, folders, at: header.at ?? 0 };
}

/** Binary, because it is read at every start: names as JSON, then the records. */
export function encode({ cwd, fingerprint, folders, at }: ManifestContent, id: string): Buffer {
  const all = [...folders].filter(([, { names }]) => names.length > 0);
  const header: Header = {
    id,
    at,
    cwd,
    fingerprint,
    folders: all.map(([directory, { names }]) => [directory, names]),
  };
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(text.length, 0);
  lengths.writeUInt32LE(
    all.reduce((sum, [, { names }]) => sum + names.length, 0),
    4,
  );
  const records = all.map(([, known]) =>
    Buffer.from(known.records.buffer, known.records.byteOffset, known.records.byteLength),
  );
  return Buffer.concat([MAGIC, lengths, text, ...records]);
}

/** What tells this state of a manifest from every other. */
export function headOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, HEAD_BYTES));
}

/** The same of the file as it is now. Undefined where there is none that can be read. */
export function readHead(file: string): Buffer | undefined {
  try {
    const fd = fs.openSync(file, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, fs.readSync(fd, head));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
