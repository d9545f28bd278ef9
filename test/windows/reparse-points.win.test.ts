import fs from 'node:fs';
import { join } from 'node:path';
import { copy } from 'fs-reflink';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { describeOnWindows, workspace } from './support.ts';

/**
 * As libuv lists what has a reparse point: every entry is a link. Wine has none but those of links, so here all entries
 * are listed so. What lstat reports is right, in libuv too.
 */
function listAsLinks(): void {
  const real = fs.readdirSync;
  vi.spyOn(fs, 'readdirSync').mockImplementation(((...args: Parameters<typeof real>) => {
    const entries = real(...args) as unknown[];
    for (const entry of entries.filter((each) => each instanceof fs.Dirent)) {
      const named = entry as fs.Dirent;
      named.isFile = named.isDirectory = () => false;
      named.isSymbolicLink = () => true;
    }
    return entries;
  }) as typeof real);
}

describeOnWindows('files and directories of OneDrive, which are listed as links', () => {
  const tree = { 'a.txt': 'a', 'deep/b.txt': 'b', 'deep/deeper/c.txt': 'c' };
  let root: string;

  beforeEach(() => {
    root = workspace();
    writeTree(join(root, 'from'), tree);
    listAsLinks();
  });
  afterEach(() => vi.restoreAllMocks());

  const filesIn = (directory: string): string[] => {
    vi.restoreAllMocks();
    const names = fs.readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => fs.statSync(join(root, directory, name)).isFile()).sort();
  };
  const all = Object.keys(tree)
    .map((name) => name.replaceAll('/', '\\'))
    .sort();

  test.each(['keep', 'follow'] as const)('are copied as what they are, symlinks: %s', async (symlinks) => {
    const report = await copy({ from: 'from', to: 'to' }, { cwd: root, symlinks });
    expect(report).toMatchObject({ files: 3, links: 0, directories: 3 });
    expect(filesIn('to')).toEqual(all);
  });

  test('are found by a glob', async () => {
    const report = await copy({ from: 'from/**/*.txt', to: 'to' }, { cwd: root, symlinks: 'keep' });
    expect(report).toMatchObject({ files: 3, links: 0 });
    expect(filesIn('to')).toEqual(all);
  });

  test('are deleted with what is in them, and kept if they are planned', async () => {
    writeTree(join(root, 'to'), { 'stale.txt': '', 'old/deep/x.txt': '', 'deep/stale.txt': '' });
    const report = await copy({ from: 'from', to: 'to' }, { cwd: root, prune: 'everything' });
    expect(report).toMatchObject({ files: 3, pruned: 3 });
    expect(filesIn('to')).toEqual(all);
    expect(fs.existsSync(join(root, 'to/old'))).toBe(false);
  });
});
