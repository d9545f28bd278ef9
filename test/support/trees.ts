import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface Attributes {
  mode?: number;
  /** A bigint is in nanoseconds since 1970. */
  mtime?: Date | bigint;
}

export type TreeNode = string | Uint8Array | Entry;

/**
 * Path below the tree's root -> node. Parent directories are created. A string or bytes are the content of a file.
 */
export type TreeSpec = Record<string, TreeNode>;

type Entry = Attributes &
  (
    | { type: 'file'; content: string | Uint8Array }
    | { type: 'directory' }
    | { type: 'symlink'; target: string }
    | { type: 'fifo' }
  );

export const file = (content: string | Uint8Array, attributes: Attributes = {}): Entry => ({
  type: 'file',
  content,
  ...attributes,
});
export const directory = (attributes: Attributes = {}): Entry => ({ type: 'directory', ...attributes });
export const symlink = (target: string, attributes: Pick<Attributes, 'mtime'> = {}): Entry => ({
  type: 'symlink',
  target,
  ...attributes,
});
export const fifo = (attributes: Attributes = {}): Entry => ({ type: 'fifo', ...attributes });

export function writeTree(root: string, spec: TreeSpec): string {
  const entries = Object.entries(spec).map(([path, node]) => ({
    path: join(root, path),
    entry: asEntry(node),
  }));
  mkdirSync(root, { recursive: true });
  for (const { path, entry } of entries) {
    mkdirSync(dirname(path), { recursive: true });
    create(path, entry);
  }
  // The deepest first, after everything is written: new entries change the mtime of a directory.
  for (const { path, entry } of entries.sort((a, b) => b.path.length - a.path.length)) {
    if (entry.mode !== undefined) chmodSync(path, entry.mode);
    if (entry.mtime !== undefined) setModified(path, entry.mtime);
  }
  return root;
}

function asEntry(node: TreeNode): Entry {
  return typeof node === 'string' || node instanceof Uint8Array ? file(node) : node;
}

function create(path: string, entry: Entry): void {
  if (entry.type === 'file') writeFileSync(path, entry.content);
  else if (entry.type === 'directory') mkdirSync(path, { recursive: true });
  else if (entry.type === 'symlink') symlinkSync(entry.target, path);
  else execFileSync('mkfifo', [path]);
}

/** Node's utimes takes a double, which is too coarse for nanoseconds; touch is not. */
function setModified(path: string, mtime: Date | bigint): void {
  if (mtime instanceof Date) {
    lutimesSync(path, mtime, mtime);
    return;
  }
  const nanoseconds = (mtime % 1_000_000_000n).toString().padStart(9, '0');
  execFileSync('touch', ['-h', '-m', '-d', `@${mtime / 1_000_000_000n}.${nanoseconds}`, path]);
}

export interface Volume {
  files: number;
  folders: number;
  minBytes: number;
  maxBytes: number;
  seed?: number;
}

/** Creates many files of random bytes; the same numbers give the same files. */
export function generateFiles(root: string, volume: Volume): { files: number; bytes: number } {
  const random = randomNumbers(volume.seed ?? 1);
  const pool = randomBytes(random, 4 * 1024 * 1024);
  let bytes = 0;
  for (let index = 0; index < volume.folders; index++)
    mkdirSync(join(root, folderName(index)), { recursive: true });
  for (let index = 0; index < volume.files; index++) {
    const size = volume.minBytes + Math.floor(random() * (volume.maxBytes - volume.minBytes + 1));
    const start = Math.floor(random() * (pool.length / 2));
    writeSlices(
      join(root, folderName(index % volume.folders), `file-${index}.bin`),
      pool.subarray(start),
      size,
    );
    bytes += size;
  }
  return { files: volume.files, bytes };
}

const folderName = (index: number) => `folder-${index}`;

function writeSlices(path: string, pool: Uint8Array, size: number): void {
  const descriptor = openSync(path, 'wx');
  try {
    for (let written = 0; written < size; ) {
      written += writeSync(descriptor, pool, 0, Math.min(pool.length, size - written));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomBytes(random: () => number, length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  for (let index = 0; index < words.length; index++) words[index] = random() * 2 ** 32;
  return new Uint8Array(words.buffer);
}

export interface SnapshotEntry {
  type: 'file' | 'directory' | 'symlink' | 'fifo' | 'other';
  mode: number;
  mtimeNs: bigint;
  size?: number;
  sha256?: string;
  target?: string;
}

/** Returns relative path -> entry, sorted. Bytes of a name that are not UTF-8 appear as `\xNN`. */
export function readTree(root: string): Record<string, SnapshotEntry> {
  const snapshot: Record<string, SnapshotEntry> = {};
  const visit = (folder: Buffer, prefix: string) => {
    for (const name of readdirSync(folder, { encoding: 'buffer' }).sort(Buffer.compare)) {
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const relative = prefix + printable(name);
      const entry = snapshotOf(path);
      snapshot[relative] = entry;
      if (entry.type === 'directory') visit(path, `${relative}/`);
    }
  };
  visit(Buffer.from(root), '');
  return snapshot;
}

function snapshotOf(path: Buffer): SnapshotEntry {
  const stats = lstatSync(path, { bigint: true });
  const common = { mode: Number(stats.mode & 0o7777n), mtimeNs: stats.mtimeNs };
  if (stats.isFile()) return { type: 'file', ...common, size: Number(stats.size), sha256: digest(path) };
  if (stats.isSymbolicLink()) return { type: 'symlink', ...common, target: readlinkSync(path) };
  if (stats.isDirectory()) return { type: 'directory', ...common };
  return { type: stats.isFIFO() ? 'fifo' : 'other', ...common };
}

/** Allocated once: a new buffer for each file would take longer than reading most of them. */
const buffer = Buffer.allocUnsafe(1024 * 1024);

function digest(path: Buffer): string {
  const hash = createHash('sha256');
  const descriptor = openSync(path, 'r');
  try {
    for (;;) {
      const length = readSync(descriptor, buffer);
      if (length === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

function printable(name: Buffer): string {
  const text = name.toString('utf8');
  if (Buffer.from(text).equals(name)) return text;
  return [...name]
    .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`))
    .join('');
}
