import { linkSync, lstatSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CopyEntry,
  type CopyOptions,
  copy,
  copySync,
  ignoresCase,
  type Planned,
  type PlannedFile,
  plan,
  type Target,
} from 'fs-reflink';
import { list } from 'fs-reflink/list';
import { describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { directory, fifo, file, readTree, symlink, writeTree } from '../support/trees.ts';
import { filesOf, refusal, workspace } from './support.ts';

const tree = { 'src/a/x.txt': 'x', 'src/a/b/y.txt': 'y', 'src/z.txt': 'z', 'other/o.txt': 'o' };

describe('base', () => {
  const cases: [name: string, target: Omit<Target, 'to'>, copied: string[]][] = [
    ['of a glob, above its own', { from: 'src/a/**/*.txt', base: 'src' }, ['a/b/y.txt', 'a/x.txt']],
    ['of a glob, the working directory', { from: 'src/*.txt', base: '.' }, ['src/z.txt']],
    ['of a glob, below its own', { from: 'src/**/y.txt', base: 'src/a' }, ['b/y.txt']],
    ['of a file', { from: 'src/a/b/y.txt', base: 'src' }, ['a/b/y.txt']],
    ['of a directory', { from: 'src/a', base: 'src' }, ['a/b/y.txt', 'a/x.txt']],
    ['of a directory, itself', { from: 'src/a', base: 'src/a' }, ['b/y.txt', 'x.txt']],
    ['with flatten', { from: 'src/a/**', base: 'src', flatten: true }, ['x.txt', 'y.txt']],
    ['with a new name', { from: 'src/a/x.txt', base: 'src', rename: 'n' }, ['a/n']],
    ['with filter', { from: 'src', base: '.', filter: (path) => path === 'src/z.txt' }, ['src/z.txt']],
  ];
  it.each(cases)('%s', async (_name, target, copied) => {
    const cwd = writeTree(workspace(), tree);
    await copy({ ...target, to: 'out' }, { cwd });
    expect(filesOf(join(cwd, 'out')).sort()).toEqual(copied);
  });

  it.each([
    ['a glob', { from: '{src,other}/*.txt', base: 'src' }, 'other/o.txt', 'out'],
    ['a file', { from: 'src/z.txt', base: 'src/a' }, 'src/z.txt', 'out'],
    ['a directory', { from: 'src', base: 'src/a' }, 'src/z.txt', 'out'],
  ])('has to contain what %s names', async (_name, target, source, destination) => {
    const cwd = writeTree(workspace(), tree);
    const error = await refusal(() => copy({ ...target, to: 'out' }, { cwd }));
    expect(error).toMatchObject({ code: 'ERR_OUTSIDE_BASE', source: join(cwd, source) });
    expect(error.destination).toBe(join(cwd, destination));
    expect(error.message).toContain(join(cwd, target.base));
  });
});

describe('overwrite of a target', () => {
  const make = () =>
    writeTree(workspace(), { 'one/a': 'one', 'two/b': 'two', 'out/a': 'old', 'out/b': 'old' });
  const read = (cwd: string) => ['a', 'b'].map((name) => readFileSync(join(cwd, 'out', name), 'utf8'));

  it.each([
    [{ overwrite: false }, {}, ['old', 'two'], 1],
    [{}, { overwrite: false }, ['one', 'old'], 1],
    [{ overwrite: true }, { overwrite: false }, ['one', 'old'], 1],
  ] as [Partial<Target>, Partial<Target>, string[], number][])(
    '%j beside %j',
    async (one, two, contents, files) => {
      const cwd = make();
      const report = await copy(
        [
          { from: 'one', to: 'out', ...one },
          { from: 'two', to: 'out', ...two },
        ],
        { cwd },
      );
      expect(report).toMatchObject({ files, unchanged: 2 - files });
      expect(read(cwd)).toEqual(contents);
    },
  );

  it('wins over the option', async () => {
    const cwd = make();
    await copy({ from: 'one', to: 'out', overwrite: true }, { cwd, overwrite: 'error' });
    expect(read(cwd)).toEqual(['one', 'old']);
    const error = await refusal(() => copy({ from: 'two', to: 'out', overwrite: 'error' }, { cwd }));
    expect(error).toMatchObject({ code: 'EEXIST', destination: join(cwd, 'out/b') });
  });

  it("'older' replaces what was modified before its source, and nothing else", async () => {
    const names = ['before', 'same', 'after', 'missing'];
    const cwd = writeTree(workspace(), Object.fromEntries(names.map((name) => [`in/${name}`, 'new'])));
    writeTree(join(cwd, 'out'), { before: 'old', same: 'other', after: 'old' });
    for (const name of names) utimesSync(join(cwd, 'in', name), 1000, 1000);
    utimesSync(join(cwd, 'out/before'), 999, 999);
    utimesSync(join(cwd, 'out/same'), 1000, 1000);
    utimesSync(join(cwd, 'out/after'), 1001, 1001);
    const options: CopyOptions = { cwd, overwrite: 'older', entries: true };
    const planned = await plan({ from: 'in', to: 'out' }, options);
    const report = await copy({ from: 'in', to: 'out' }, options);
    for (const { files, unchanged } of [planned, report]) expect([files, unchanged]).toEqual([2, 2]);
    const contents = names.map((name) => readFileSync(join(cwd, 'out', name), 'utf8'));
    expect(contents).toEqual(['new', 'other', 'old', 'new']);
    expect(await copy({ from: 'in', to: 'out' }, options)).toMatchObject({ files: 0, unchanged: 4 });
  });

  const rules: [NonNullable<Target['overwrite']>, string | undefined][] = [
    [true, 'two'],
    [false, 'one'],
    ['changed', 'two'],
    ['older', 'two'],
    ['error', undefined],
  ];
  it.each(rules)(
    '%j decides between two targets as if one were copied after the other',
    async (overwrite, wins) => {
      const cwd = writeTree(workspace(), { 'one/a': 'one', 'two/a': 'two' });
      const targets = [
        { from: 'one', to: 'out' },
        { from: 'two', to: 'out', overwrite },
      ];
      if (wins === undefined) {
        const error = await refusal(() => copy(targets, { cwd }));
        expect(error).toMatchObject({ code: 'EEXIST', source: join(cwd, 'two/a') });
        return;
      }
      await copy(targets, { cwd });
      expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe(wins);
    },
  );

  it.each([[false], ['error'], ['changed'], ['older']] as const)(
    '%j does not keep an earlier run from being brought up to date',
    async (overwrite) => {
      const cwd = writeTree(workspace(), { 'in/a': 'one' });
      const options: CopyOptions = { cwd, manifest: 'm' };
      const target: Target = { from: 'in', to: 'out', overwrite };
      await copy(target, options);
      writeFileSync(join(cwd, 'in/a'), 'two');
      expect(await copy(target, options)).toMatchObject({ files: 1 });
      expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe('two');
      // A copy that the user has changed belongs to the user.
      writeFileSync(join(cwd, 'out/a'), 'mine');
      writeFileSync(join(cwd, 'in/a'), 'three');
      utimesSync(join(cwd, 'in/a'), 1, 1);
      await copy(target, options).catch(({ code }) => expect(code).toBe('EEXIST'));
      expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe(overwrite === 'changed' ? 'three' : 'mine');
    },
  );
});

describe('symlinks of a target', () => {
  const files = { 'in/file': 'content', 'in/link': symlink('file'), 'in/sub/far': symlink('../file') };
  const ways: [name: string, options: CopyOptions][] = [
    ['on the calling thread', {}],
    ['by workers', { durability: 'file' }],
    ['with a manifest', { manifest: 'm' }],
    ['block by block', { reflink: 'never' }],
  ];
  it.each(ways)('decides about links of that target alone, %s', async (_name, options) => {
    const cwd = writeTree(workspace(), files);
    const targets: Target[] = [
      { from: 'in', to: 'kept', symlinks: 'keep' },
      { from: 'in', to: 'followed' },
    ];
    const expected = {
      ...Object.fromEntries(['file', 'link', 'sub/far'].map((name) => [`followed/${name}`, 'content'])),
      'kept/file': 'content',
      'kept/link': '-> file',
      'kept/sub/far': '-> ../file',
    };
    const found = () =>
      Object.fromEntries(
        ['followed', 'kept'].flatMap((to) =>
          Object.entries(readTree(join(cwd, to)))
            .filter(([, { type }]) => type !== 'directory')
            .map(([name, { type, target }]) => [
              `${to}/${name}`,
              type === 'symlink' ? `-> ${target}` : readFileSync(join(cwd, to, name), 'utf8'),
            ]),
        ),
      );
    expect(await plan(targets, { cwd, ...options })).toMatchObject({ files: 4, links: 2 });
    expect(await copy(targets, { cwd, ...options })).toMatchObject({ files: 4, links: 2 });
    expect(found()).toEqual(expected);
    await copy(targets, { cwd, ...options });
    expect(found()).toEqual(expected);
    const turned = targets.map((target) => ({ ...target, symlinks: 'follow' as const }));
    await copy(turned, { cwd, symlinks: 'keep', ...options });
    expect(found()).toMatchObject({ 'kept/link': 'content', 'kept/sub/far': 'content' });
    const { files: listed } = await list(targets, { cwd });
    expect(listed.filter(({ link }) => link).map(({ destination }) => destination)).toEqual([
      join(cwd, 'kept/link'),
      join(cwd, 'kept/sub/far'),
    ]);
  });

  it.each<[prune: NonNullable<CopyOptions['prune']>]>([['placed'], ['everything']])(
    'has links copied as files once they are followed, and as links once they are kept (prune: %j)',
    async (prune) => {
      const cwd = writeTree(workspace(), {
        'in/file': 'file',
        'in/deep/file': 'deep',
        'in/link': symlink('file'),
        'in/deeper': symlink('deep'),
      });
      const options = { cwd, manifest: 'm', prune };
      const target = { from: 'in', to: 'out' };
      await pastTick();
      for (const symlinks of ['keep', 'follow', 'keep'] as const) {
        const planned = await plan({ ...target, symlinks }, options);
        const report = await copy({ ...target, symlinks }, options);
        for (const count of ['files', 'links', 'unchanged', 'pruned'] as const)
          expect([symlinks, count, report[count]]).toEqual([symlinks, count, planned[count]]);
        const isLink = (name: string) => lstatSync(join(cwd, 'out', name)).isSymbolicLink();
        expect([isLink('link'), isLink('deeper')]).toEqual([symlinks === 'keep', symlinks === 'keep']);
        expect(readFileSync(join(cwd, 'out/deeper/file'), 'utf8')).toBe('deep');
      }
    },
  );

  it('has a broken link refused once it is followed, as by a copy without a manifest', async () => {
    const cwd = writeTree(workspace(), { 'in/link': symlink('nowhere') });
    const options = { cwd, manifest: 'm' };
    await pastTick();
    await copy({ from: 'in', to: 'out', symlinks: 'keep' }, options);
    const followed = copy({ from: 'in', to: 'out', symlinks: 'follow' }, options);
    await expect(followed).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('preserve of a target', () => {
  const files = {
    'in/deep/tool': file('#!', { mode: 0o4750 }),
    'in/deep/plain': file('plain', { mode: 0o640 }),
  };
  const before = new Date('2001-02-03T04:05:06.000Z');
  const prepare = () => {
    const cwd = writeTree(workspace(), files);
    linkSync(join(cwd, 'in/deep/plain'), join(cwd, 'in/deep/second'));
    for (const name of ['in/deep/tool', 'in/deep/plain', 'in/deep', 'in'])
      utimesSync(join(cwd, name), before, before);
    return cwd;
  };
  const targets: Target[] = [
    { from: 'in', to: 'usual' },
    { from: 'in', to: 'bare', preserve: [] },
    { from: 'in', to: 'full', preserve: ['mode', 'special', 'timestamps', 'links'] },
    { from: 'in', to: 'again' },
  ];
  const of = (cwd: string, name: string) => {
    const { mode, mtimeMs, nlink } = lstatSync(join(cwd, name));
    return { mode: (mode & 0o7777).toString(8), isOld: mtimeMs === before.getTime(), nlink };
  };
  const ways: [name: string, options: CopyOptions][] = [
    ['on the calling thread', {}],
    ['with a manifest', { manifest: 'm' }],
    ['block by block', { reflink: 'never' }],
    ['to the disk', { durability: 'full' }],
  ];
  it.each(ways)('decides about the attributes of that target alone, %s', async (_name, options) => {
    const cwd = prepare();
    expect(await plan(targets, { cwd, ...options })).toMatchObject({ files: 12 });
    const { methods, files } = await copy(targets, { cwd, ...options });
    expect({ files, linked: methods.hard_link?.files }).toEqual({ files: 12, linked: 1 });
    const usual = { mode: '750', isOld: true, nlink: 1 };
    expect(of(cwd, 'usual/deep/tool')).toEqual(usual);
    expect(of(cwd, 'again/deep/tool')).toEqual(usual);
    expect(of(cwd, 'bare/deep/tool')).toEqual({ mode: '644', isOld: false, nlink: 1 });
    expect(of(cwd, 'full/deep/tool')).toEqual({ mode: '4750', isOld: true, nlink: 1 });
    expect(of(cwd, 'full/deep/second')).toEqual({ mode: '640', isOld: true, nlink: 2 });
    expect(of(cwd, 'usual/deep/second').nlink).toBe(1);
    const directories = ['usual/deep', 'bare/deep', 'full/deep', 'full', 'again'];
    expect(directories.map((name) => of(cwd, name).isOld)).toEqual([false, false, true, true, false]);
  });

  it.each<[name: string, options: CopyOptions]>([
    ['by workers', { durability: 'file' }],
    ['by workers, with a manifest', { durability: 'file', manifest: 'm' }],
  ])('is the same %s', async (_name, options) => {
    const cwd = prepare();
    const mixed = targets.map(({ preserve, ...rest }) => ({
      ...rest,
      ...(preserve && { preserve: preserve.filter((each) => each !== 'links') }),
    }));
    await copy(mixed, { cwd, ...options });
    const names = ['usual', 'bare', 'full', 'again'].map((to) => `${to}/deep/tool`);
    expect(names.map((name) => of(cwd, name).mode)).toEqual(['750', '644', '4750', '750']);
    expect(names.map((name) => of(cwd, name).isOld)).toEqual([true, false, true, true]);
    expect(of(cwd, 'full/deep').isOld).toBe(true);
  });

  it('has files copied again once another one is given', async () => {
    const cwd = prepare();
    const options = { cwd, manifest: 'm' };
    await pastTick();
    await copy({ from: 'in', to: 'out' }, options);
    expect(await copy({ from: 'in', to: 'out' }, options)).toMatchObject({ files: 0, unchanged: 3 });
    await copy({ from: 'in', to: 'out', preserve: ['mode', 'special', 'timestamps'] }, options);
    expect(of(cwd, 'out/deep/tool').mode).toBe('4750');
  });

  it('has files copied again once two targets exchange theirs', async () => {
    const cwd = prepare();
    const options = { cwd, manifest: 'm' };
    const preserve = ['mode', 'special', 'timestamps'] as const;
    await pastTick();
    await copy(
      [
        { from: 'in', to: 'one', preserve },
        { from: 'in', to: 'two' },
      ],
      options,
    );
    const exchanged: Target[] = [
      { from: 'in', to: 'two', preserve },
      { from: 'in', to: 'one' },
    ];
    await copy(exchanged, options);
    const modes = ['one', 'two'].map((to) => of(cwd, `${to}/deep/tool`).mode);
    expect(modes).toEqual(['750', '4750']);
    expect(await copy(exchanged, options)).toMatchObject({ files: 0, unchanged: 6 });
  });

  it('decides whether FIFOs of that target are copied', async () => {
    const cwd = writeTree(workspace(), { 'in/pipe': fifo() });
    const devices = { from: 'in', to: 'out', preserve: ['devices'] as const };
    expect(await plan(devices, { cwd })).toMatchObject({ files: 1 });
    expect(await copy(devices, { cwd })).toMatchObject({ files: 1, methods: { mknod: { files: 1 } } });
    expect(lstatSync(join(cwd, 'out/pipe')).isFIFO()).toBe(true);
    const none = copy({ from: 'in', to: 'none', preserve: [] }, { cwd, preserve: ['devices'] });
    await expect(none).rejects.toThrow('ERR_NOT_REGULAR');
  });

  it('counts for what a transform makes', async () => {
    const cwd = prepare();
    const transform = (content: Buffer) => content;
    await copy(
      [
        { from: 'in', to: 'bare', transform, preserve: [] },
        { from: 'in', to: 'special', transform, preserve: ['mode', 'special'] },
      ],
      { cwd },
    );
    const modes = ['bare', 'special'].map((to) => of(cwd, `${to}/deep/tool`).mode);
    expect(modes).toEqual(['644', '4750']);
  });

  it('is taken by copySync too', () => {
    const cwd = prepare();
    copySync({ from: 'in', to: 'out', preserve: ['mode', 'special'] }, { cwd });
    expect(of(cwd, 'out/deep/tool')).toEqual({ mode: '4750', isOld: false, nlink: 1 });
  });
});

describe('pruneRoots', () => {
  it('is what is emptied, whatever the targets are', async () => {
    const cwd = writeTree(workspace(), {
      'in/a': 'a',
      'out/stale': 's',
      'out/.git/keep': 'k',
      'elsewhere/theirs': 't',
    });
    const targets = [
      { from: 'in', to: 'out/deep' },
      { from: 'in', to: join(cwd, 'elsewhere') },
    ];
    const options: CopyOptions = { cwd, prune: 'everything', pruneRoots: ['out'], keep: ['.git'] };
    const report = await copy(targets, options);
    expect(report).toMatchObject({ files: 2, pruned: 1 });
    expect(filesOf(join(cwd, 'out'))).toEqual(['.git/keep', 'deep/a']);
    expect(filesOf(join(cwd, 'elsewhere'))).toEqual(['a', 'theirs']);
    rmSync(join(cwd, 'out/deep/a'));
    expect(await copy([], options)).toMatchObject({ files: 0 });
    expect(filesOf(join(cwd, 'out'))).toEqual(['.git/keep']);
  });
});

describe('what is planned', () => {
  const many = Object.fromEntries(Array.from({ length: 90 }, (_each, index) => [`in/many/${index}`, 'x']));
  it.each([
    ['few', {}, undefined],
    ['many', many, undefined],
    ['transformed', {}, (content: Buffer) => content],
  ] as const)('can be looked up: %s', async (_name, others, transform) => {
    const cwd = writeTree(workspace(), {
      ...others,
      'in/a.txt': 'a',
      'in/Deep/b.txt': 'b',
      'in/empty': directory(),
      'two/c': 'c',
    });
    const found: PlannedFile[][] = [];
    const onPlanned = (planned: Planned) => {
      const names = ['A.txt', 'a.txt', 'deep/b.txt', 'none', 'renamed'].map((name) => join(cwd, 'out', name));
      found.push(planned.find(names), planned.find(names, true));
      const inside = (name: string, ignoreCase?: boolean) =>
        planned.findInside([join(cwd, 'out', name)], ignoreCase);
      found.push(inside('Deep'), inside('deep'), inside('deep', true), inside('a.txt'), inside('.'));
      const directories = ['.', 'deep', 'empty', 'a.txt'].map((name) => join(cwd, 'out', name));
      expect(planned.findDirectories(directories)).toEqual([directories[0], directories[2]]);
      expect(planned.findDirectories(directories, true)).toEqual(directories.slice(0, 3));
    };
    const targets = [
      { from: 'in', to: 'out', ...(transform && { transform }) },
      { from: 'two', to: 'out', rename: 'renamed' },
    ];
    await copy(targets, { cwd, onPlanned });
    const show = (files: PlannedFile[]) =>
      files.map(({ source, destination, target }) => [source, destination, target].join(' ')).sort();
    const line = (from: string, to: string, target: number) =>
      `${join(cwd, from)} ${join(cwd, 'out', to)} ${target}`;
    const exact = [line('in/a.txt', 'a.txt', 0), line('two/c', 'renamed', 1)];
    expect(show(found[0]!)).toEqual(exact);
    const deep = line('in/Deep/b.txt', 'Deep/b.txt', 0);
    expect(show(found[1]!)).toEqual([deep, ...exact].sort());
    expect(found.slice(2, 6).map(show)).toEqual([[deep], [], [deep], []]);
    // One entry of each directory.
    expect(show(found[6]!)).toEqual(expect.arrayContaining([deep, line('two/c', 'renamed', 1)]));
  });

  it.each([
    ['few', {}, {}, undefined],
    ['many', many, {}, undefined],
    ['links', { 'in/link': symlink('a.txt') }, { symlinks: 'keep' }, undefined],
    ['transformed', many, {}, (content: Buffer) => `made of ${content}`],
  ] as const)(
    'has the same to say of each file afterwards as the report: %s',
    async (_name, others, settings, transform) => {
      const cwd = writeTree(workspace(), {
        ...others,
        'in/a.txt': 'aa',
        'in/deep/b.txt': 'bbb',
        'two/c': 'c',
      });
      const targets = [
        { from: 'in', to: 'out', ...(transform && { transform }) },
        { from: 'two', to: 'out', rename: 'renamed' },
      ];
      await pastTick();
      for (const changed of [undefined, 'in/a.txt']) {
        if (changed) writeFileSync(join(cwd, changed), 'changed');
        let planned: Planned | undefined;
        const options: CopyOptions = { cwd, manifest: '.manifest', entries: true, ...settings };
        const { entries } = await copy(targets, { ...options, onPlanned: (each) => void (planned = each) });
        const all = entries!.map(({ destination }) => destination);
        const order = (list: CopyEntry[]) =>
          list.toSorted((one, other) => (one.destination < other.destination ? -1 : 1));
        expect(order(planned!.entries([...all, join(cwd, 'out/none')]))).toEqual(order(entries!));
        expect(planned!.entries([join(cwd, 'out/renamed')])).toMatchObject([
          { action: changed ? 'unchanged' : 'copied', destination: join(cwd, 'out/renamed') },
        ]);
      }
    },
  );
});

describe('overlaps of targets', () => {
  const many = Object.fromEntries(Array.from({ length: 90 }, (_each, index) => [`one/many/${index}`, 'x']));
  it.each([
    ['few', {}, undefined],
    ['many', many, undefined],
    ['transformed', {}, (content: Buffer) => content],
  ] as const)('are told on request, with who stays: %s', async (_name, others, transform) => {
    const cwd = writeTree(workspace(), {
      ...others,
      'one/a.txt': 'one',
      'one/deep/b.txt': 'one',
      'one/alone.txt': 'one',
      'two/a.txt': 'two',
      'two/deep/b.txt': 'two',
      'three/b.txt': 'three',
    });
    const targets: Target[] = [
      { from: 'one', to: 'out' },
      { from: 'two', to: 'out', ...(transform && { transform }) },
      { from: 'three', to: 'out/deep', overwrite: false },
    ];
    const { overlaps } = await copy(targets, { cwd, overlaps: true });
    const at = (from: string, to: string, target: number) => ({
      source: join(cwd, from),
      destination: join(cwd, 'out', to),
      target,
    });
    expect(overlaps).toEqual([
      { kept: at('two/a.txt', 'a.txt', 1), left: at('one/a.txt', 'a.txt', 0) },
      { kept: at('two/deep/b.txt', 'deep/b.txt', 1), left: at('one/deep/b.txt', 'deep/b.txt', 0) },
      { kept: at('two/deep/b.txt', 'deep/b.txt', 1), left: at('three/b.txt', 'deep/b.txt', 2) },
    ]);
    expect(readFileSync(join(cwd, 'out/deep/b.txt'), 'utf8')).toBe('two');
    expect(await copy(targets, { cwd })).not.toHaveProperty('overlaps');
  });

  it('names that differ in case alone are one file where the filesystem says so', async () => {
    const cwd = writeTree(workspace(), { 'one/a.txt': 'one', 'two/A.TXT': 'two' });
    const targets = [
      { from: 'one', to: 'out' },
      { from: 'two', to: 'out' },
    ];
    const { files, overlaps } = await copy(targets, { cwd, overlaps: true });
    const alike = ignoresCase(cwd);
    expect({ files, overlaps: overlaps!.length }).toEqual(
      alike ? { files: 1, overlaps: 1 } : { files: 2, overlaps: 0 },
    );
    expect(readFileSync(join(cwd, 'out/A.TXT'), 'utf8')).toBe('two');
  });
});
