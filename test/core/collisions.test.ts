import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, ignoresCase, plan, type Target } from 'fs-reflink';
import { emptyDirectory } from 'fs-reflink/empty';
import { list } from 'fs-reflink/list';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { type MountedFilesystem, mountFilesystem, unavailable } from '../support/filesystems.ts';
import { symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, filesOf, refusal, workspace } from './support.ts';

type Run = (target: Target | Target[], options: CopyOptions) => Promise<unknown>;

const lanes: Record<string, Run> = {
  copy,
  plan,
  'copy in worker threads': async (target, options) => {
    const workers = await bootWorkers(2);
    try {
      return await copy(target, options);
    } finally {
      await workers.dispose();
    }
  },
};

const tree: TreeSpec = { 'in/a': 'first', 'in/b': 'second', 'in/deep/a': 'third' };

const alike: [name: string, target: Omit<Target, 'overwrite'>, first: string, second: string, as: string][] =
  [
    ['one new name for several files', { from: 'in/*', to: 'out', rename: 'x' }, 'in/a', 'in/b', 'x'],
    ['flattened files', { from: 'in', to: 'out', flatten: true }, 'in/a', 'in/deep/a', 'a'],
    [
      'a function that returns one name twice',
      { from: 'in', to: 'out', rename: (path) => path.replace('b', 'a') },
      'in/a',
      'in/b',
      'a',
    ],
  ];

describe.each(Object.entries({ ...lanes, list }) as [string, Run][])(
  'two files for one place, %s',
  (_lane, run) => {
    it.each(alike)('fail before anything is copied: %s', async (_name, target, first, second, as) => {
      for (const overwrite of [undefined, 'error'] as const) {
        const cwd = writeTree(workspace(), tree);
        const error = await refusal(() => run({ ...target, ...(overwrite && { overwrite }) }, { cwd }));
        const paths = { source: join(cwd, second), destination: join(cwd, 'out', as) };
        expect(error).toMatchObject({ code: 'ERR_COLLISION', ...paths });
        expect(error.message).toContain(JSON.stringify(join(cwd, first)));
        expect(contentsOf(join(cwd, 'out'))).toEqual({});
      }
    });

    it("the option of the same name does not decide between a target's own files", async () => {
      const cwd = writeTree(workspace(), tree);
      for (const overwrite of [true, false, 'changed'] as const) {
        const error = await refusal(() => run({ from: 'in/*', rename: 'x' }, { cwd, overwrite }));
        expect(error.code).toBe('ERR_COLLISION');
      }
    });
  },
);

it.each(alike)(
  "are decided between by the target's overwrite: %s",
  async (_name, target, first, second, as) => {
    for (const overwrite of [true, 'changed', false] as const) {
      const cwd = writeTree(workspace(), tree);
      const { files, methods } = await copy({ ...target, overwrite }, { cwd, reflink: 'never' });
      expect(methods).toEqual({ read_write: expect.objectContaining({ files }) });
      const stays = readFileSync(join(cwd, overwrite === false ? first : second), 'utf8');
      expect(readFileSync(join(cwd, 'out', as), 'utf8')).toBe(stays);
      expect(filesOf(join(cwd, 'out'))).toHaveLength(files);
    }
  },
);

const reason = unavailable('exfat');
describe.skipIf(reason)(`onto exFAT, which ignores case${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let disk: MountedFilesystem;
  beforeAll(() => {
    disk = mountFilesystem('exfat', { sizeMiB: 32 });
  });
  afterAll(() => disk?.unmount());
  let count = 0;
  const fresh = () => join(disk.path, `out-${++count}`);
  const options = (cwd: string): CopyOptions => ({ cwd, preserve: [] });

  const trees: [string, TreeSpec, first: string, second: string][] = [
    ['in one directory', { 'in/README': '1', 'in/readme': '22' }, 'in/README', 'in/readme'],
    ['in two directories', { 'in/Doc/a': '1', 'in/doc/a': '22', 'in/doc/b': '3' }, 'in/Doc/a', 'in/doc/a'],
    [
      'below two directories, with others between them',
      { 'in/Doc/x/a': '1', 'in/abc/a': '3', 'in/abc/x/a': '3', 'in/doc/x/A': '22', 'in/e/x/a': '3' },
      'in/Doc/x/a',
      'in/doc/x/A',
    ],
    [
      'below a directory and a link to another',
      { 'in/Doc/x/a': '1', 'in/doc': symlink('../other'), 'other/x/a': '22' },
      'in/Doc/x/a',
      'in/doc/x/a',
    ],
  ];

  it.each<[what: string, TreeSpec, given: Partial<Target<string>>]>([
    ['a file', { 'in/a:b': '1' }, {}],
    ['a file that is renamed into place', { 'in/a:b': '1' }, { overwrite: false }],
    ['a directory', { 'in/a:b/c': '1' }, {}],
    ['a destination', { 'in/c': '1' }, { to: 'a:b' }],
    ['a transformed file', { 'in/a:b': '1' }, { transform: (content) => content }],
  ])(
    'the error of a name that exFAT does not allow says so, %s',
    async (_what, files, { to = '.', ...given }: Partial<Target<string>>) => {
      const cwd = writeTree(workspace(), files);
      const error = await refusal(() => copy({ from: 'in', ...given, to: join(fresh(), to) }, options(cwd)));
      expect(error).toMatchObject({
        destination: expect.stringMatching(/a:b$/),
        message: expect.stringMatching(
          /; the filesystem there may not allow this name: exFAT, .*; rename it, or leave it out/,
        ),
      });
    },
  );

  describe.each(Object.entries(lanes))('%s', (lane, run) => {
    it.each(trees)(
      'names that differ in case alone are an error, %s',
      async (_name, files, first, second) => {
        const cwd = writeTree(workspace(), files);
        // An empty directory, one that does not exist, and the root of the disk.
        const there = fresh();
        mkdirSync(there);
        for (const to of [there, join(fresh(), 'below')]) {
          const error = await refusal(() => run({ from: 'in', to }, options(cwd)));
          const message = expect.stringContaining(JSON.stringify(join(cwd, first)));
          expect(error).toMatchObject({ code: 'ERR_COLLISION', source: join(cwd, second), message });
        }
        expect(readdirSync(disk.path, { recursive: true, encoding: 'utf8' }).join()).not.toContain(
          '.fs-reflink-',
        );
        expect(lane === 'plan' ? readdirSync(there) : []).toEqual([]);
      },
    );
  });

  it.each(trees)(
    'also where an earlier copy recorded the first of them, %s',
    async (_name, files, first, second) => {
      const { [first]: recorded, ...later } = files;
      const cwd = writeTree(workspace(), { [first]: recorded! });
      const target = { from: 'in', to: fresh() };
      const all = { ...options(cwd), manifest: join(cwd, 'manifest') };
      await pastTick();
      expect(await copy(target, all)).toMatchObject({ files: 1 });
      await pastTick();
      expect(await copy(target, all)).toMatchObject({ files: 0, unchanged: 1 });
      writeTree(cwd, later);
      const error = await refusal(() => copy(target, all));
      expect(error.code).toBe('ERR_COLLISION');
      for (const each of [first, second]) expect(error.message).toContain(JSON.stringify(join(cwd, each)));
      expect(readFileSync(join(target.to, first.slice('in/'.length)), 'utf8')).toBe(recorded);
    },
  );

  it('what is to be kept is kept, in whatever letters its path is written', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const kept = { 'Uploads/precious': 'p', 'data/Deep/É': 'p' };
    const keep = ['uploads', 'Data/deep/e\u0301'.normalize('NFC')];
    const to = fresh();
    writeTree(to, { ...kept, 'data/stale': 's', stale: 's' });
    const pruned = { ...options(cwd), prune: 'everything', keep } as const;
    for (const act of [plan, copy]) {
      expect(await act({ from: 'in', to }, pruned)).toMatchObject({ pruned: 2 });
      for (const path of Object.keys(kept)) expect(filesOf(to)).toContain(path);
    }
    writeTree(to, { 'data/stale': 's' });
    emptyDirectory(to, { manifest: join(cwd, 'none'), keep, sources: [] });
    expect(filesOf(to)).toEqual(Object.keys(kept).sort());
  });

  it('the root of a disk with nothing on it is asked itself', async () => {
    using empty = mountFilesystem('exfat', { sizeMiB: 16 });
    const cwd = writeTree(workspace(), trees[0]![1]);
    const error = await refusal(() => copy({ from: 'in', to: empty.path }, options(cwd)));
    expect(error.code).toBe('ERR_COLLISION');
    expect(readdirSync(empty.path)).toEqual([]);
    writeFileSync(join(empty.path, 'file'), '');
    expect(ignoresCase(join(empty.path, 'not/there/yet'))).toBe(true);
  });

  it("are decided between by the target's overwrite, and a second copy changes nothing", async () => {
    for (const overwrite of [true, false]) {
      const cwd = writeTree(workspace(), trees[0]![1]);
      const to = fresh();
      const target = { from: 'in', to, overwrite };
      const all = { ...options(cwd), manifest: join(cwd, 'manifest') };
      await pastTick();
      expect(await copy(target, all)).toMatchObject({ files: 1, warnings: [] });
      expect(readdirSync(to)).toHaveLength(1);
      expect(readFileSync(join(to, 'readme'), 'utf8')).toBe(overwrite ? '22' : '1');
      // What is recorded is known to be unchanged only if it did not change just now. exFAT has times of 10 ms.
      await pastTick();
      await copy(target, all);
      await pastTick();
      expect(await copy(target, all)).toMatchObject({ files: 0, unchanged: 1 });
      expect(readFileSync(join(to, 'readme'), 'utf8')).toBe(overwrite ? '22' : '1');
      expect(readdirSync(to)).toHaveLength(1);
    }
  });

  it.each(trees)(
    "a target's overwrite chooses the same one in each copy, %s",
    async (_name, files, first) => {
      for (const overwrite of [true, false]) {
        const cwd = writeTree(workspace(), files);
        const to = fresh();
        const chosen = () => readFileSync(join(to, first.slice('in/'.length)), 'utf8');
        const options: CopyOptions = { cwd, preserve: [], manifest: join(cwd, 'manifest') };
        await pastTick();
        await copy({ from: 'in', to, overwrite }, options);
        const before = chosen();
        for (let time = 0; time < 2; time++) {
          await pastTick();
          expect(await copy({ from: 'in', to, overwrite }, options)).toMatchObject({ files: 0 });
          expect(chosen()).toBe(before);
        }
      }
    },
  );

  it('directories that become one hold the files of both', async () => {
    const cwd = writeTree(workspace(), { 'in/Doc/a': '1', 'in/doc/b': '2' });
    const to = fresh();
    expect(await copy({ from: 'in', to }, options(cwd))).toMatchObject({ files: 2, warnings: [] });
    expect(filesOf(to).map((name) => name.toLowerCase())).toEqual(['doc/a', 'doc/b']);
  });

  it('between targets the later one wins, with a warning that names both sources', async () => {
    const cwd = writeTree(workspace(), { 'one/README': '1', 'two/readme': '22' });
    const to = fresh();
    const targets = [
      { from: 'one', to },
      { from: 'two', to },
    ];
    const { files, warnings } = await copy(targets, options(cwd));
    expect(files).toBe(1);
    expect(readFileSync(join(to, 'readme'), 'utf8')).toBe('22');
    expect(warnings).toEqual([expect.stringMatching(/one\/README.*was not copied.*two\/readme/)]);
  });
});
