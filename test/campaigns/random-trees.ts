import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { readTree, type SnapshotEntry } from '../support/trees.ts';

/** A model of an entry, without the directory that it is created in. */
export type Entry =
  | { kind: 'file'; size: number; fill: number; mode: number; modified: number }
  | { kind: 'sparse'; size: number; mode: number; modified: number }
  | { kind: 'directory'; mode: number; modified: number }
  | { kind: 'link'; target: string; modified: number }
  /** `node` is the argument of mknod(1): the type, and the numbers of a device. */
  | { kind: 'special'; node: string; mode: number; modified: number }
  /** Another hard link of an earlier file of the tree; `of` chooses the file, modulo their number. */
  | { kind: 'name'; of: number };

export type Tree = (readonly [path: string, entry: Entry])[];

/** Names that have caused errors in other tools. */
const NAMES = [
  'a',
  'b',
  'c.txt',
  'index.html',
  '.hidden',
  '-n',
  'with space',
  'new\nline',
  "it's",
  '"quoted"',
  '[x]',
  '{a,b}',
  '!not',
  '@(a)',
  '*',
  '\\back',
  'é',
  'e\u0301',
  '漢字',
  '🦊',
  'x'.repeat(255),
];

const name = fc.constantFrom(...NAMES);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const modified = fc.oneof(
  fc.constantFrom(0, 1, 1_000_000_000, 1_700_000_000.5),
  fc.integer({ min: 1, max: 1_750_000_000_000 }).map((milliseconds) => milliseconds / 1000),
);
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5000 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 131_072) },
  { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 2_500_000 }) },
);
const fileMode = fc.constantFrom(0o644, 0o644, 0o755, 0o600, 0o444, 0o400, 0o640, 0o2755, 0o4755);
const directoryMode = fc.constantFrom(0o755, 0o755, 0o700, 0o750, 0o555, 0o1777, 0o2775);

const entry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      size,
      fill: fc.integer({ min: 1, max: 255 }),
      mode: fileMode,
      modified,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('directory' as const), mode: directoryMode, modified }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      target: fc.oneof(path, fc.constantFrom('..', '.', '/', '/nowhere', '../../x')),
      modified,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('name' as const), of: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sparse' as const),
      size: fc.integer({ min: 1, max: 3_000_000 }),
      mode: fileMode,
      modified,
    }),
  },
);

export const trees: fc.Arbitrary<Tree> = fc.array(fc.tuple(path, entry), { maxLength: 24 });

const special: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('special' as const),
  node: fc.constantFrom('p', 'p', 'c 1 3', 'b 259 70000'),
  mode: fileMode,
  modified,
});

/** Trees that also contain FIFOs and devices. */
export const treesWithDevices: fc.Arbitrary<Tree> = fc.array(
  fc.tuple(path, fc.oneof({ weight: 12, arbitrary: entry }, { weight: 1, arbitrary: special })),
  { maxLength: 24 },
);

/**
 * Creates a tree in an existing directory; the same model creates the same tree. An entry is left out if another
 * entry is in its way.
 */
export function makeTree(root: string, tree: Tree): void {
  const files: string[] = [];
  const later: (() => void)[] = [];
  for (const [path, entry] of tree) {
    const full = join(root, path);
    if (!makeParent(root, full) || exists(full)) continue;
    const { kind } = entry;
    if (kind === 'name') {
      const first = files[entry.of % Math.max(files.length, 1)];
      if (first !== undefined) linkSync(first, full);
      continue;
    }
    if (kind === 'directory') mkdirSync(full);
    else if (kind === 'link') symlinkSync(entry.target, full);
    else if (kind === 'special') execFileSync('mknod', [full, ...entry.node.split(' ')]);
    else if (kind === 'sparse') writeFileSync(full, 'data');
    else writeFileSync(full, Buffer.alloc(entry.size, entry.fill));
    if (kind === 'file' || kind === 'sparse' || kind === 'special') files.push(full);
    if (kind === 'sparse') truncateSync(full, Math.max(entry.size, 4));
    later.push(() => {
      // Some files get another owner. Set it before the mode: changing the owner removes setuid.
      const owner = Math.floor(entry.modified) % 3;
      if (owner > 0 && process.getuid?.() === 0) lchownSync(full, owner, owner + 1);
      if (kind !== 'link') chmodSync(full, entry.mode);
      lutimesSync(full, entry.modified, entry.modified);
    });
  }
  // After all entries are created, because a new entry changes the time of its directory.
  for (const finish of later.reverse()) finish();
}

/** Creates the parent directories of a path. Returns false if a file or a link is in the way. */
function makeParent(root: string, full: string): boolean {
  const parent = dirname(full);
  if (parent === root) return true;
  if (!makeParent(root, parent)) return false;
  const stats = lstatSync(parent, { throwIfNoEntry: false });
  if (!stats) mkdirSync(parent);
  return stats?.isDirectory() ?? true;
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Describes the entry at each path below a directory, and the directory itself. */
export function describeTree(root: string): Record<string, string> {
  const first = new Map<string, string>();
  const entries = readTree(root);
  return Object.fromEntries(
    ['.', ...Object.keys(entries)].map((path) => {
      const full = join(root, path);
      const stats = lstatSync(full, { bigint: true });
      const key = `${stats.dev}:${stats.ino}`;
      if (!first.has(key)) first.set(key, path);
      const { sha256 = '', target = '' }: Partial<SnapshotEntry> = entries[path] ?? {};
      const same = stats.isDirectory() ? '' : ` same as ${JSON.stringify(first.get(key))}`;
      const mode = stats.isSymbolicLink() ? 'link' : (stats.mode & 0o177777n).toString(8);
      const size = stats.isDirectory() ? '' : `${stats.size} ${stats.rdev}`;
      return [path, `${mode} ${stats.uid}:${stats.gid} ${stats.mtimeNs} ${size} ${sha256}${target}${same}`];
    }),
  );
}
