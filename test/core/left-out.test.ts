import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, plan, type Target } from 'fs-reflink';
import { list } from 'fs-reflink/list';
import { describe, expect, it } from 'vitest';
import { directory, readTree, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { fill, refusal, rejection, workspace } from './support.ts';

/** Every path below a directory. Paths of directories end in a slash. */
function pathsIn(root: string): string[] {
  if (!existsSync(root)) return [];
  return Object.entries(readTree(root)).map(([path, { type }]) => (type === 'directory' ? `${path}/` : path));
}

async function copied(files: TreeSpec, target: Omit<Target, 'to'>, options: CopyOptions = {}) {
  const cwd = writeTree(workspace(), files);
  const targets = { ...target, to: 'out' };
  const planned = await plan(targets, { cwd, ...options });
  const report = await copy(targets, { cwd, entries: true, ...options });
  expect(planned.entries).toHaveLength(report.entries!.length);
  expect(planned.directories).toBe(report.directories);
  expect(planned.warnings).toEqual(report.warnings);
  return { cwd, report, paths: pathsIn(join(cwd, 'out')) };
}

describe('ignore', () => {
  const files = {
    'in/a.txt': 'a',
    'in/.dot': 'd',
    'in/[id] (1).html': 'i',
    'in/new\nline': 'n',
    link: symlink('in/a.txt'),
  };
  it.each<[from: string, ignore: string | string[], isLeftOut: boolean]>([
    ['in/a.txt', '*.txt', true],
    ['in/a.txt', '**/*.txt', true],
    ['in/a.txt', ['*.js', 'a.*'], true],
    ['in/a.txt', '*.js', false],
    ['in/a.txt', 'in/*.txt', false],
    ['in/.dot', '*', true],
    ['in/[id] (1).html', '*.html', true],
    ['in/[id] (1).html', 'i*', false],
    ['in/new\nline', '**', true],
    ['in/new\nline', 'new\nlines', false],
    ['link', 'link', true],
    ['link', 'a.txt', false],
  ])('of %j, which is a file, by %j: %j', async (from, ignore, isLeftOut) => {
    for (const symlinks of ['follow', 'keep'] as const) {
      const { paths, report } = await copied(files, { from, ignore }, { symlinks });
      expect(paths).toEqual(isLeftOut ? [] : [from.replace(/^in\//, '')]);
      expect(report).toMatchObject({ warnings: [], directories: isLeftOut ? 0 : 1 });
      expect(report.entries).toHaveLength(isLeftOut ? 0 : 1);
    }
  });

  it('of a file that is not there is an error all the same', async () => {
    const cwd = workspace();
    const error = await refusal(() => copy({ from: 'none', to: 'out', ignore: '*' }, { cwd }));
    expect(error.code).toBe('ENOENT');
  });

  it('of a file looks at no other file in its directory', async () => {
    const odd = { 'in/a.txt': 'a', 'in/loop': symlink('loop') };
    const { paths } = await copied(odd, { from: 'in/a.txt', ignore: '*.js' });
    expect(paths).toEqual(['a.txt']);
  });

  it('of a file counts for list', async () => {
    const cwd = writeTree(workspace(), { 'a.txt': 'a' });
    const target = { from: 'a.txt', to: 'out', ignore: '*.txt' };
    expect(await list(target, { cwd })).toEqual({ files: [], folders: [], warnings: [] });
  });
});

describe('filter', () => {
  const tree: TreeSpec = {
    'in/a.txt': 'a',
    'in/b/c.js': 'c',
    'in/b/d/e.txt': 'e',
    'in/m/x/y/f.js': 'f',
    'in/m/empty': directory(),
    'in/empty/deep': directory(),
  };
  const kept = ['a.txt', 'b/', 'b/d/', 'b/d/e.txt', 'empty/', 'empty/deep/'];
  const isText = (path: string) => path.endsWith('.txt');

  it('that accepts everything changes nothing', async () => {
    const { paths } = await copied(tree, { from: 'in', filter: () => true });
    expect(paths).toEqual((await copied(tree, { from: 'in' })).paths);
  });

  it.each<[how: string, target: Omit<Target, 'to' | 'from'>, expected: string[]]>([
    ['a directory', {}, kept],
    ['a directory and ignore', { ignore: 'none' }, kept],
    ['a directory and base', { base: 'in' }, kept],
    ['a directory and a base above it', { base: '.' }, ['in/', ...kept.map((path) => `in/${path}`)]],
    ['a directory and flatten', { flatten: true }, ['a.txt', 'e.txt']],
    [
      'a directory and rename',
      { rename: (path) => `${path}.new` },
      kept.map((path) => path.replace(/t$/, 't.new')),
    ],
  ])(
    'leaves no directory behind in which it refuses files and keeps none: %s',
    async (_how, target, expected) => {
      const { paths } = await copied(tree, { from: 'in', filter: isText, ...target });
      expect(paths).toEqual(expected);
    },
  );

  it('makes a directory anew for what is renamed, and none for what it refuses', async () => {
    const { paths } = await copied(tree, {
      from: 'in/**',
      filter: (path) => path === 'b/d/e.txt',
      rename: (path) => `v/${path}`,
    });
    expect(paths).toEqual(['v/', 'v/b/', 'v/b/d/', 'v/b/d/e.txt']);
  });

  it('leaves no directory of a glob behind in which it keeps no file', async () => {
    const { paths } = await copied(tree, { from: 'in/**', filter: isText });
    expect(paths).toEqual(['a.txt', 'b/', 'b/d/', 'b/d/e.txt']);
    expect((await copied(tree, { from: 'in/**', filter: () => false })).paths).toEqual([]);
  });

  it('that refuses a file which is named itself makes no directory', async () => {
    const { cwd, report } = await copied(tree, { from: 'in/a.txt', filter: () => false });
    expect(existsSync(join(cwd, 'out'))).toBe(false);
    expect(report).toMatchObject({ files: 0, directories: 0, warnings: [] });
  });

  it('that refuses everything leaves the destination of a directory, as ignore does', async () => {
    for (const target of [{ filter: () => false }, { ignore: '**' }]) {
      const { cwd, report } = await copied({ 'in/b/c.js': 'c' }, { from: 'in', ...target });
      expect(existsSync(join(cwd, 'out'))).toBe(true);
      expect({ paths: pathsIn(join(cwd, 'out')), files: report.files }).toEqual({ paths: [], files: 0 });
    }
  });

  it('has the directory deleted that an earlier run made and it keeps no file in now', async () => {
    const cwd = writeTree(workspace(), tree);
    for (const prune of ['placed', 'everything'] as const) {
      const options: CopyOptions = { cwd, manifest: `${prune}.manifest`, prune };
      await copy({ from: 'in', to: 'out' }, options);
      expect(existsSync(join(cwd, 'out/m/x/y/f.js'))).toBe(true);
      await copy({ from: 'in', to: 'out', filter: isText }, options);
      expect(existsSync(join(cwd, 'out/m/x'))).toBe(false);
      rmSync(join(cwd, 'out'), { recursive: true });
    }
  });
});

describe('directoryFilter', () => {
  const tree: TreeSpec = {
    'in/a': 'a',
    'in/m/x/f': 'f',
    'in/m/loop': symlink('.'),
    'in/k/m/g': 'g',
    'in/k/h': 'h',
    'in/k/e': directory(),
  };

  it.each<[how: string, target: Omit<Target, 'to'>, asked: string[], paths: string[]]>([
    ['a directory', { from: 'in' }, ['k', 'k/e', 'k/m', 'm'], ['a', 'k/', 'k/e/', 'k/h']],
    ['a directory and ignore', { from: 'in', ignore: 'a' }, ['k', 'k/e', 'k/m', 'm'], ['k/', 'k/e/', 'k/h']],
    [
      'a directory and filter',
      { from: 'in', filter: () => true },
      ['k', 'k/e', 'k/m', 'm'],
      ['a', 'k/', 'k/e/', 'k/h'],
    ],
    ['a glob', { from: 'in/**' }, ['k', 'k/e', 'k/m', 'm'], ['a', 'k/', 'k/h']],
    [
      'a glob with directories that it need not list',
      { from: 'in/{m/x,k/m,k}/*' },
      ['k', 'k/e', 'k/m', 'm'],
      ['k/', 'k/h'],
    ],
    [
      'a base',
      { from: 'in', base: '.' },
      ['in/k', 'in/k/e', 'in/k/m', 'in/m'],
      ['in/', 'in/a', 'in/k/', 'in/k/e/', 'in/k/h'],
    ],
  ])(
    'is asked once about each directory of %s, and what it refuses is not looked into',
    async (_how, target, asked, paths) => {
      const cwd = writeTree(workspace(), tree);
      const calls: [string, string][] = [];
      const directoryFilter = (path: string, source: string) => {
        calls.push([path, source]);
        return !/(^|\/)m$/.test(path);
      };
      // The loop in `m` would cause an error if `m` was scanned.
      const report = await copy({ ...target, to: 'out', directoryFilter }, { cwd });
      expect(calls.map(([path]) => path).sort()).toEqual(asked);
      for (const [path, source] of calls)
        expect(source.endsWith(`/in/${path.replace(/^in\//, '')}`)).toBe(true);
      expect(pathsIn(join(cwd, 'out'))).toEqual(paths);
      expect(report.warnings).toEqual([]);
    },
  );

  it('is asked about linked directories that are followed, before a cycle is an error', async () => {
    const { paths } = await copied(
      { 'in/a': 'a', 'in/up': symlink('..'), other: directory() },
      { from: 'in', directoryFilter: (path) => path !== 'up' },
    );
    expect(paths).toEqual(['a']);
  });

  it.each([
    ['a directory', 'in'],
    ['a glob', 'in/**'],
  ])('that throws ends the copy with what it threw, and a promise is refused: %s', async (_how, from) => {
    const cwd = writeTree(workspace(), tree);
    const failure = new Error('on purpose');
    const throwing = () => {
      throw failure;
    };
    expect(await rejection(() => copy({ from, to: 'out', directoryFilter: throwing }, { cwd }))).toBe(
      failure,
    );
    const promising = (async () => true) as unknown as () => boolean;
    const refused = await rejection(() => copy({ from, to: 'out', directoryFilter: promising }, { cwd }));
    expect(refused).toBeInstanceOf(TypeError);
    expect((refused as Error).message).toContain('directoryFilter must return true or false');
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });

  it('keeps held threads and whole clones from doing without it', async () => {
    const workers = await bootWorkers(2);
    try {
      const cwd = writeTree(workspace(), { 'in/a': 'a', 'in/m/f': 'f' });
      const directoryFilter = (path: string) => path !== 'm';
      await copy({ from: 'in', to: 'out', directoryFilter }, { cwd, cloneDirectories: true });
      expect(pathsIn(join(cwd, 'out'))).toEqual(['a']);
    } finally {
      await workers.dispose();
    }
  });
});

describe('a glob that matches directories, and nothing in them', () => {
  const tree: TreeSpec = {
    'in/a': 'a',
    'in/img/b': 'b',
    'in/fonts/deep/c': 'c',
    'in/empty': directory(),
  };
  const remark = (names: string) =>
    expect.stringMatching(new RegExp(`^"in/\\*" matches ${names}.*"in/\\*\\*"`));

  it('is remarked on, with what to write instead', async () => {
    const { report, paths } = await copied(tree, { from: 'in/*' });
    expect(paths).toEqual(['a']);
    expect(report.warnings).toEqual([remark('2 directories \\("fonts", "img"\\)')]);
  });

  it.each<[name: string, target: Omit<Target, 'to'>, remarks: (string | RegExp)[]]>([
    ['a glob for all', { from: 'in/**' }, []],
    ['a glob for all, with an ignored directory', { from: 'in/**', ignore: 'img/*' }, []],
    ['a glob for all below a directory', { from: 'in/**/*' }, []],
    ['a glob that matches files alone', { from: 'in/*a' }, []],
    ['a directory', { from: 'in' }, []],
    ['a directory and ignore', { from: 'in', ignore: 'img/*' }, []],
    ['directories that are ignored', { from: 'in/*', ignore: ['img', 'fonts/**'] }, []],
    ['a directory that is refused', { from: 'in/*', directoryFilter: () => false }, []],
    ['one of several', { from: 'in/*', ignore: 'img' }, [/^"in\/\*" matches 1 directory \("fonts"\)/]],
    [
      'a glob of several levels',
      { from: 'in/{*,fonts/*}' },
      [/\("fonts\/deep", "img"\).*"in\/\{\*,fonts\/\*\}\/\*\*"/],
    ],
    ['directories named anywhere', { from: '**/{img,a}' }, [/\("in\/img"\)/]],
    ['a filter', { from: 'in/*', filter: (path) => path === 'a' }, [/fonts/]],
  ])('is told from others: %s', async (_name, target, remarks) => {
    const { report } = await copied(tree, target);
    expect(report.warnings).toEqual(remarks.map((each) => expect.stringMatching(each)));
  });

  it('is refused where it matches no file at all, with the same advice', async () => {
    const cwd = writeTree(workspace(), { 'in/img/b': 'b' });
    const error = await refusal(() => copy({ from: 'in/*', to: 'out' }, { cwd }));
    expect(error).toMatchObject({ code: 'ERR_NO_MATCH' });
    expect(error.reason).toMatch(/matches 1 directory \("img"\).*"in\/\*\*"/);
    const { warnings } = await copy({ from: 'in/*', to: 'out' }, { cwd, allowMissing: true });
    expect(warnings).toEqual([expect.stringMatching(/"img".*"in\/\*\*"/)]);
  });

  it('names three directories and counts the others', async () => {
    const five = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`in/${name}/x`, 'x']));
    const { report } = await copied({ 'in/f': 'f', ...five }, { from: 'in/*' });
    expect(report.warnings).toEqual([remark('5 directories \\("a", "b", "c" and 2 more\\)')]);
  });

  it('is remarked on once by every way a copy runs, and by list', async () => {
    const cwd = writeTree(workspace(), tree);
    fill(join(cwd, 'in'), { files: 300, folders: 1 });
    const target = { from: '{in/*,in/folder-0/*}', to: 'out' };
    const expected = [expect.stringMatching(/"in\/fonts", "in\/img"/)];
    expect((await list(target, { cwd })).warnings).toEqual(expected);
    for (const options of [{}, { concurrency: 1 }, { manifest: 'm' }, { manifest: 'm' }] as CopyOptions[]) {
      expect((await plan(target, { cwd, ...options })).warnings).toEqual(expected);
      expect((await copy(target, { cwd, ...options })).warnings).toEqual(expected);
    }
    const workers = await bootWorkers(2);
    try {
      expect((await copy(target, { cwd })).warnings).toEqual(expected);
    } finally {
      await workers.dispose();
    }
  });
});
