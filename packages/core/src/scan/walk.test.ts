import fs from 'node:fs';
import path from 'node:path';
import glob from 'fast-glob';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { filesOf, workspace } from '../../../../test/core/support.ts';
import { pastTick } from '../../../../test/support/clock.ts';
import { symlink, writeTree } from '../../../../test/support/trees.ts';
import { copy } from '../copy.ts';
import { listSync } from '../list.ts';
import type { Planned } from '../options.ts';
import { resolveCopyOptions } from '../resolve-options.ts';
import type { Target } from '../target.ts';
import { scanTargets } from './scan.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Returns the directories that are listed, relative to `cwd`. The array grows with each listing. */
function listed(cwd: string): string[] {
  const names: string[] = [];
  const { readdirSync } = fs;
  vi.spyOn(fs, 'readdirSync').mockImplementation(((directory: string, ...rest: never[]) => {
    names.push(path.relative(cwd, directory));
    return readdirSync(directory, ...rest);
  }) as typeof readdirSync);
  return names;
}

const tree = {
  'in/a.txt': 'a',
  'in/b.map': 'b',
  'in/.hidden/h.txt': 'h',
  'in/deep/c.txt': 'c',
  'in/deep/d.map': 'd',
  'in/deep/er/e.txt': 'e',
  'in/node_modules/pkg/f.txt': 'f',
  'in/x.map/g.txt': 'g',
  'in/[id] (1)/i.html': 'i',
  'in/new\nline/n.txt': 'n',
  'in/link': symlink('deep'),
  'in/file': symlink('a.txt'),
  'other/o.txt': 'o',
};

/** Targets whose files keep the names of their sources. */
const plain: [how: string, target: Omit<Target, 'to'>][] = [
  ['ignore', { from: 'in', ignore: ['**/*.map', 'node_modules'] }],
  ['a glob', { from: 'in/**' }],
  ['a glob and ignore', { from: 'in/**/*.txt', ignore: '**/node_modules/**' }],
  ['filter', { from: 'in', filter: (file) => !file.endsWith('.map') }],
  ['directoryFilter', { from: 'in', directoryFilter: (directory) => directory !== 'node_modules' }],
];

describe.each(plain)('a target with %s', (_how, given) => {
  const target = { ...given, to: 'out' };

  it('gives its first files before the last directory is listed', () => {
    const cwd = writeTree(workspace(), tree);
    const names = listed(cwd);
    const { targets } = resolveCopyOptions(target, { cwd }).plan;
    const settings = { targets, symlinks: 'follow', allowMissing: false } as const;
    const folders = scanTargets(settings, () => {});
    let first = folders.next();
    while (!first.done && 'names' in first.value && first.value.names.length === 0) first = folders.next();
    const before = names.length;
    expect([...folders].length).toBeGreaterThan(1);
    expect(names.length).toBeGreaterThan(before);
  });

  it.each([false, 'placed', 'everything'] as const)(
    'recalls what an earlier run copied, prune: %s',
    async (prune) => {
      const { 'in/link': _directory, 'in/file': _file, ...files } = tree;
      const cwd = writeTree(workspace(), files);
      await pastTick();
      const options = { cwd, manifest: 'manifest', prune, reflink: 'never' } as const;
      const { files: count } = await copy(target, options);
      const names = listed(cwd);
      // What is recalled is not planned.
      const onPlanned = vi.fn(({ files }: Planned) => expect(files).toBe(0));
      expect(await copy(target, { ...options, onPlanned })).toMatchObject({
        files: 0,
        unchanged: count,
        pruned: 0,
      });
      expect(onPlanned).toHaveBeenCalledOnce();
      const sources = names.filter((name) => name.startsWith('in'));
      expect(sources.length).toBe(new Set(sources).size);
    },
  );

  it('deletes what it leaves out now and copied before', async () => {
    const { 'in/link': _directory, 'in/file': _file, ...files } = tree;
    const cwd = writeTree(workspace(), files);
    await pastTick();
    const options = { cwd, manifest: 'manifest' } as const;
    await copy({ from: 'in', to: 'out' }, options);
    await copy(target, { ...options, prune: 'everything' });
    const { files: now } = listSync(target, { cwd });
    expect(filesOf(path.join(cwd, 'out'))).toEqual(
      now.map(({ destination }) => path.relative(path.join(cwd, 'out'), destination)).sort(),
    );
  });
});

describe('directories that nothing is copied from', () => {
  it.each<[target: Omit<Target, 'to'>, directories: string[]]>([
    [
      { from: 'in', ignore: ['node_modules', 'deep/**', 'link', '.*/**', 'new*/**', '[[]*/**'] },
      ['in', 'in/x.map'],
    ],
    [{ from: 'in/*.txt' }, ['in']],
    [{ from: 'in/deep/**' }, ['in/deep', 'in/deep/er']],
    [{ from: 'in/{deep,x.map}/*.txt' }, ['in/deep', 'in/x.map']],
    [{ from: '{in,other}/{a,o}.txt' }, []],
    [{ from: 'in/*/er/*' }, ['in', 'in/deep/er', 'in/link/er']],
  ])('are not listed: %j', (target, directories) => {
    const cwd = writeTree(workspace(), tree);
    const names = listed(cwd);
    expect(listSync({ ...target, to: 'out' }, { cwd }).files).not.toEqual([]);
    expect(names.sort()).toEqual(directories.sort());
  });
});

describe('a pattern matches what fast-glob matches', () => {
  const patterns = [
    '**',
    '*',
    '**/*.txt',
    '{a,deep/c}.txt',
    '{deep,x.map}/**',
    '{deep/er,.hidden}/*',
    '{deep,none}/c.txt',
    '!(deep|link)/**',
    '!(b).txt',
    '@(deep|x.map)/+(c|g).txt',
    '**/+([a-f]).txt',
    '*/er/**',
    'deep/**/e.txt',
    'd*p/[c-d].*',
    '**/er/*',
    '**/{er,pkg}/*.txt',
    '{1..3,a}.txt',
    '.*/**',
    '\\[id\\] \\(1\\)/*.html',
    '**/\\[id\\]*/*',
    'deep//c.*',
  ];
  it.each(patterns)('%s', (pattern) => {
    const cwd = writeTree(workspace(), tree);
    const expected = glob.sync(pattern, { cwd: path.join(cwd, 'in'), dot: true });
    const options = { cwd, allowMissing: true };
    const { files } = listSync({ from: `in/${pattern}`, base: 'in', to: 'out' }, options);
    const found = files.map(({ source }) => path.relative(path.join(cwd, 'in'), source));
    // This package also matches line breaks, so that no file is left out silently.
    const breaks = found.filter((name) => name.includes('\n'));
    expect(found.filter((name) => !breaks.includes(name)).sort()).toEqual(
      expected.filter((name) => !name.includes('\n')).sort(),
    );
    expect(expected.length).toBeGreaterThan(0);
  });

  it('d?ep/[c-d].*, which fast-glob takes for a directory of that name', () => {
    const cwd = writeTree(workspace(), tree);
    const { files } = listSync({ from: 'in/d?ep/[c-d].*', to: 'out' }, { cwd });
    expect(files.map(({ source }) => path.basename(source)).sort()).toEqual(['c.txt', 'd.map']);
  });

  it('and refuses ".." after a brace, which would leave the base, and "to" with it', () => {
    const cwd = writeTree(workspace(), tree);
    expect(() => listSync({ from: 'in/{deep,../other}/*', to: 'out' }, { cwd })).toThrow(
      /ERR_OUTSIDE_BASE.*"\.\.\/other\/\*"/,
    );
  });

  it.each([
    ['deep'],
    ['deep/**'],
    ['deep/'],
    ['*.map'],
    ['**/*.map'],
    ['**/er'],
    ['**/er/**'],
    ['.*'],
    ['**/.*'],
    ['{deep,x.map}/**'],
    ['!(deep)'],
    ['!(deep)/**'],
    ['!a.txt'],
    ['./a.txt'],
    ['[[]id*/**', 'link'],
    ['*'],
    ['**/*'],
    ['**/*.{txt,map}'],
    ['node_modules/pkg/*', 'x.map/*.js'],
  ])('%s, ignored', (...ignore) => {
    const cwd = writeTree(workspace(), tree);
    const absolute = path.join(cwd, 'in', '.hidden', '*');
    for (const ignored of [ignore, [...ignore, absolute]]) {
      const expected = glob.sync('**', { cwd: path.join(cwd, 'in'), dot: true, ignore: ignored });
      const { files } = listSync({ from: 'in', to: 'out', ignore: ignored }, { cwd });
      const found = files.map(({ source }) => path.relative(path.join(cwd, 'in'), source));
      expect(found.filter((name) => !name.includes('\n')).sort()).toEqual(
        expected.filter((name) => !name.includes('\n')).sort(),
      );
    }
  });
});
