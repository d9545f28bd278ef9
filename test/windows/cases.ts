import { randomBytes } from 'node:crypto';
import { chmodSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyFileOptions } from 'fs-reflink';

const KiB = 1024;
const MiB = 1024 * KiB;

/** In seconds; no clock of the copy could give it by chance. */
export const MODIFIED = 1_234_567_890.123;

/** Method or error code expected: of a volume that clones, of one that does not, and without the native lane. */
interface Expected {
  cloning: string;
  copying: string;
  portable: string;
}

export interface Case {
  name: string;
  /** The source, one of {@link writeSources}. */
  source: string;
  options: CopyFileOptions;
  /** What is there before: another file, a longer one, a read-only one, or one of the same size and time. */
  existing?: 'other' | 'longer' | 'read-only' | 'alike';
  /** What is there stays. */
  stays?: boolean;
  expected: Expected;
}

const expects = (cloning: string, copying: string, portable: string): Expected => ({
  cloning,
  copying,
  portable,
});
const always = (outcome: string): Expected => expects(outcome, outcome, outcome);

const empty = expects('read_write', 'read_write', 'node_fs');
const small = expects('duplicate_extents', 'read_write', 'node_fs');
const large = expects('duplicate_extents', 'copy_file_ex', 'node_fs');
const emptyPastCache = expects('copy_file_ex', 'copy_file_ex', 'node_fs');
const cloned = expects('duplicate_extents', 'ENOTSUP', 'ENOSYS');
const smallInFull = expects('read_write', 'read_write', 'node_fs');
const largeInFull = expects('in full', 'in full', 'node_fs');

const sizes: [size: number, expected: Expected][] = [
  [0, empty],
  [1, small],
  [4095, small],
  [4096, small],
  [4097, small],
  [64 * KiB, small],
  [64 * KiB + 1, large],
  [MiB + 1, large],
  [20 * MiB, large],
];

const ofSize = (size: number): string => `size-${size}`;

export const cases: Case[] = [
  ...sizes.map(([size, expected]) => ({
    name: `R27: ${size} bytes`,
    source: ofSize(size),
    options: {},
    expected,
  })),
  ...[1, 4097, 20 * MiB].map((size) => ({
    name: `${size} bytes, reflink always`,
    source: ofSize(size),
    options: { reflink: 'always' as const },
    expected: cloned,
  })),
  ...[0, 4097, 20 * MiB].map((size) => ({
    name: `${size} bytes, reflink never`,
    source: ofSize(size),
    options: { reflink: 'never' as const },
    expected: size > 64 * KiB ? largeInFull : smallInFull,
  })),
  ...[0, 1, 4097, MiB + 1].map((size) => ({
    name: `${size} bytes past the page cache`,
    source: ofSize(size),
    options: { pageCache: 'bypass' as const },
    expected: size === 0 ? emptyPastCache : large,
  })),
  { name: 'R12: a read-only file', source: 'read-only', options: {}, expected: small },
  {
    name: 'R12: a read-only file atomically',
    source: 'read-only',
    options: { atomic: true },
    expected: small,
  },
  {
    name: 'a read-only file until its data are on the disk',
    source: 'read-only',
    options: { durability: 'full' },
    expected: small,
  },
  {
    name: 'a read-only file without its mode',
    source: 'read-only',
    options: { preserve: ['timestamps'] },
    expected: small,
  },
  {
    name: 'a file without its times',
    source: ofSize(4097),
    options: { preserve: ['mode'] },
    expected: small,
  },
  {
    name: 'a file with its owner, as far as Windows has one',
    source: ofSize(4097),
    options: { preserve: ['mode', 'ownership', 'timestamps'] },
    expected: small,
  },
  { name: 'over another file', source: ofSize(4097), options: {}, existing: 'other', expected: small },
  { name: 'over a longer file', source: ofSize(4096), options: {}, existing: 'longer', expected: small },
  {
    name: 'R20: over a read-only file',
    source: ofSize(4096),
    options: {},
    existing: 'read-only',
    expected: small,
  },
  {
    name: 'R20: not over a read-only file when overwrite is off',
    source: ofSize(4096),
    options: { overwrite: false },
    existing: 'read-only',
    stays: true,
    expected: always('unchanged'),
  },
  {
    name: "not over another file when overwrite is 'error'",
    source: ofSize(4097),
    options: { overwrite: 'error' },
    existing: 'other',
    stays: true,
    expected: always('EEXIST'),
  },
  {
    name: "over a file that differs when overwrite is 'changed'",
    source: ofSize(4097),
    options: { overwrite: 'changed' },
    existing: 'other',
    expected: small,
  },
  {
    name: "not over a file of the same size and time when overwrite is 'changed'",
    source: ofSize(4097),
    options: { overwrite: 'changed' },
    existing: 'alike',
    stays: true,
    expected: always('unchanged'),
  },
  { name: 'a new file atomically', source: ofSize(64 * KiB), options: { atomic: true }, expected: small },
  {
    name: 'until the data are on the disk',
    source: ofSize(4097),
    options: { durability: 'file' },
    expected: small,
  },
];

/** The sources of all cases. */
export function writeSources(root: string): void {
  for (const [size] of sizes) write(join(root, ofSize(size)), randomBytes(size));
  write(join(root, 'read-only'), randomBytes(5000));
  chmodSync(join(root, 'read-only'), 0o444);
}

function write(file: string, content: Uint8Array): void {
  writeFileSync(file, content);
  utimesSync(file, MODIFIED, MODIFIED);
}
