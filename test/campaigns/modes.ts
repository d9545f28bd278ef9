import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CopyOptions, copy } from 'fs-reflink';
import { expect } from 'vitest';
import { filesOf } from '../core/support.ts';
import { pastTick } from '../support/clock.ts';

export interface Mode {
  options: CopyOptions;
  /**
   * What the destination contains before the copy: nothing, other content for each file, or the result of an earlier
   * copy.
   */
  before: 'nothing' | 'others' | 'earlier';
  /** Whether the copy deletes files that no target copies. */
  deletes?: boolean;
  /** Whether a file with its final name is always complete. */
  neverTorn?: boolean;
}

export const modes: Record<string, Mode> = {
  'a first copy': { options: {}, before: 'nothing' },
  'a first copy, copied block by block': { options: { reflink: 'never' }, before: 'nothing' },
  'a copy that replaces': { options: {}, before: 'others', neverTorn: true },
  "overwrite: 'changed'": { options: { overwrite: 'changed' }, before: 'others', neverTorn: true },
  'overwrite: false': { options: { overwrite: false }, before: 'nothing', neverTorn: true },
  "overwrite: 'older'": { options: { overwrite: 'older' }, before: 'nothing', neverTorn: true },
  atomic: { options: { atomic: true }, before: 'nothing', neverTorn: true },
  'durable files': { options: { durability: 'full' }, before: 'nothing' },
  "prune: 'everything'": {
    options: { prune: 'everything' },
    before: 'others',
    deletes: true,
    neverTorn: true,
  },
  "prune: 'placed'": { options: { prune: 'placed', manifest: 'manifest' }, before: 'earlier' },
};

/** Sizes of the copied files. Each file takes several system calls, so that most kills occur inside a file. */
const SIZES: Record<string, number> = {
  'a/small': 10,
  'a/page': 4096,
  'a/b/large': 300_000,
  'a/b/larger': 2_200_000,
  'c/empty': 0,
  'c/odd': 65_537,
  'd/e/f/deep': 20_000,
  top: 70_000,
};

const contentOf = (name: string, version: string) =>
  Buffer.alloc(SIZES[name] ?? 100, `${version} of ${name}\n`);

function write(root: string, name: string, content: Buffer | string, seconds: number): void {
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, seconds, seconds);
}

/** Creates a source and a destination, in the state before the copy that is killed. */
export async function prepare(home: string, { options, before }: Mode): Promise<void> {
  const names = Object.keys(SIZES);
  for (const name of names) write(join(home, 'from'), name, contentOf(name, 'new'), 1_600_000_000);
  write(join(home, 'to'), 'a/stranger', 'a stranger', 1_500_000_000);
  if (before === 'others')
    for (const name of names) write(join(home, 'to'), name, contentOf(name, 'old'), 1_550_000_000);
  if (before !== 'earlier') return;
  for (const name of [...names, 'a/stale', 'g/stale'])
    write(join(home, 'from'), name, contentOf(name, 'old'), 1_550_000_000);
  await pastTick();
  await copy({ from: 'from', to: 'to' }, { ...options, cwd: home });
  for (const name of ['a/stale', 'g']) rmSync(join(home, 'from', name), { recursive: true });
  for (const name of names) write(join(home, 'from'), name, contentOf(name, 'new'), 1_600_000_000);
}

/**
 * Expects each destination file to be complete, old or new; or torn, but then different from its source in size or
 * time.
 */
export function expectNothingLost(home: string, { before, deletes = false, neverTorn = false }: Mode): void {
  const stranger = join(home, 'to/a/stranger');
  if (!deletes || existsSync(stranger)) expect(readFileSync(stranger, 'utf8')).toBe('a stranger');
  for (const name of Object.keys(SIZES)) {
    const file = join(home, 'to', name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (!stats) {
      expect({ name, before }).toEqual({ name, before: 'nothing' });
      continue;
    }
    const content = readFileSync(file);
    if (content.equals(contentOf(name, 'new'))) continue;
    if (before !== 'nothing' && content.equals(contentOf(name, 'old'))) continue;
    expect({ name, size: stats.size, neverTorn }).toEqual({ name, size: stats.size, neverTorn: false });
    expect({
      name,
      alike:
        stats.mtimeMs === 1_600_000_000_000 &&
        stats.size === content.length &&
        content.length === SIZES[name],
    }).toEqual({ name, alike: false });
  }
}

/** Expects all files to be copied, and nothing else at the destination. */
export function expectRight(home: string, { deletes }: Mode): void {
  const expected = [...Object.keys(SIZES), ...(deletes ? [] : ['a/stranger'])].sort();
  expect(filesOf(join(home, 'to'))).toEqual(expected);
  for (const name of Object.keys(SIZES)) {
    const copied = readFileSync(join(home, 'to', name));
    expect(copied.equals(readFileSync(join(home, 'from', name))), name).toBe(true);
  }
}
