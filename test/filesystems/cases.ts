import { randomBytes } from 'node:crypto';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyFileOptions } from 'fs-reflink';
import { file, symlink, type TreeSpec, writeTree } from '../support/trees.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** A time with nanoseconds that no clock returns by chance during the copy. */
const MODIFIED = 1_234_567_890_123_456_789n;

export const LARGE: number = 20 * MiB;

/** The expected method or error code, depending on what the place and the lane can do. */
interface Expected {
  cloning: string;
  copying: string;
  /** For places where the filesystem does not report holes, if that makes a difference. */
  reading?: string;
  portableCloning: string;
  portableCopying: string;
}

export interface Case {
  name: string;
  /** The name of the source: one of those that {@link writeSources} creates. */
  source: string;
  options: CopyFileOptions;
  /** The existing destination: a different file, a longer one, or one with the same size and time. */
  existing?: 'other' | 'longer' | 'alike';
  /** Whether the existing destination is kept. */
  stays?: boolean;
  expected: Expected;
}

const expects = (
  cloning: string,
  copying: string,
  portableCloning: string,
  portableCopying: string,
): Expected => ({ cloning, copying, portableCloning, portableCopying });
const always = (outcome: string): Expected => expects(outcome, outcome, outcome, outcome);

const empty = expects('read_write', 'read_write', 'ficlone', 'node_fs');
const small = expects('ficlone', 'read_write', 'ficlone', 'node_fs');
const large = expects('ficlone', 'copy_file_range', 'ficlone', 'node_fs');
const cloned = expects('ficlone', 'ENOTSUP', 'ficlone', 'ENOTSUP');
const inFull = expects('read_write', 'read_write', 'node_fs', 'node_fs');
const pastCache = expects('ficlone', 'direct', 'ficlone', 'node_fs');

const sizes: [number, Expected][] = [
  [0, empty],
  [1, small],
  [511, small],
  [4095, small],
  [4096, small],
  [4097, small],
  [64 * KiB - 1, small],
  [64 * KiB, small],
  [64 * KiB + 1, large],
  [MiB + 1, large],
  [LARGE, large],
];

const ofSize = (size: number): string => `size-${size}`;

export const cases: Case[] = [
  ...sizes.map(([size, expected]) => ({
    name: `${size} bytes`,
    source: ofSize(size),
    options: {},
    expected,
  })),
  ...[0, 4097, 64 * KiB + 1].map((size) => ({
    name: `${size} bytes, reflink always`,
    source: ofSize(size),
    options: { reflink: 'always' as const },
    expected: cloned,
  })),
  ...[0, 4097, LARGE].map((size) => ({
    name: `${size} bytes, reflink never`,
    source: ofSize(size),
    options: { reflink: 'never' as const },
    expected: inFull,
  })),
  ...[0, 1, 511, 4095, 4096, 4097, MiB + 1].map((size) => ({
    name: `R25: ${size} bytes past the page cache`,
    source: ofSize(size),
    options: { pageCache: 'bypass' as const },
    expected: size === 0 ? empty : pastCache,
  })),
  {
    name: 'R10: a sparse file',
    source: 'sparse',
    options: {},
    expected: { ...large, reading: 'read_write' },
  },
  { name: 'R10: a sparse file in full', source: 'sparse', options: { reflink: 'never' }, expected: inFull },
  {
    name: 'R10: a sparse file past the page cache',
    source: 'sparse',
    options: { pageCache: 'bypass' },
    expected: pastCache,
  },
  ...['755', '600', '444'].map((mode) => ({
    name: `R12: mode ${mode} whatever the umask`,
    source: `mode-${mode}`,
    options: {},
    expected: small,
  })),
  { name: 'R21: mode 4755 without setuid', source: 'mode-4755', options: {}, expected: small },
  {
    name: 'R21: mode 4755 with setuid on request',
    source: 'mode-4755',
    options: { preserve: ['mode', 'special', 'timestamps'] },
    expected: small,
  },
  { name: 'over another file', source: ofSize(4097), options: {}, existing: 'other', expected: small },
  { name: 'R13: over a longer file', source: ofSize(4096), options: {}, existing: 'longer', expected: small },
  {
    name: 'not over another file when overwrite is off',
    source: ofSize(4097),
    options: { overwrite: false },
    existing: 'other',
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
  {
    name: 'R8: over another file that is kept when it cannot be cloned',
    source: ofSize(64 * KiB + 1),
    options: { reflink: 'always' },
    existing: 'other',
    expected: cloned,
  },
  { name: 'a new file atomically', source: ofSize(64 * KiB + 1), options: { atomic: true }, expected: large },
  { name: 'R18: a symbolic link followed', source: 'link', options: {}, expected: small },
  {
    name: 'R18: a symbolic link kept',
    source: 'link',
    options: { symlinks: 'keep' },
    expected: always('symlink'),
  },
  {
    name: 'until the data are on the disk',
    source: ofSize(64 * KiB + 1),
    options: { durability: 'file' },
    expected: large,
  },
  {
    name: 'until the data and the name are on the disk',
    source: ofSize(4097),
    options: { durability: 'full' },
    expected: small,
  },
];

/** Creates the sources of all cases. */
export function writeSources(root: string): void {
  const spec: TreeSpec = {
    link: symlink(ofSize(4097)),
    sparse: file('', { mtime: MODIFIED }),
  };
  for (const [size] of sizes) spec[ofSize(size)] = file(randomBytes(size), { mtime: MODIFIED });
  for (const mode of ['755', '600', '444', '4755']) {
    const bits = Number.parseInt(mode, 8);
    spec[`mode-${mode}`] = file(randomBytes(5000), { mode: bits, mtime: MODIFIED });
  }
  writeTree(root, spec);
  writeSparse(join(root, 'sparse'));
}

/** Creates a file with holes at its start, in the middle and at its end. */
export function writeSparse(path: string): void {
  const descriptor = openSync(path, 'w');
  try {
    for (const start of [256 * KiB, 640 * KiB])
      writeSync(descriptor, randomBytes(64 * KiB), 0, 64 * KiB, start);
  } finally {
    closeSync(descriptor);
  }
  truncateSync(path, 960 * KiB);
}
