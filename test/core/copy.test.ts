import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CopyOptions,
  type CopyReport,
  copy,
  copyFile,
  copyFileSync,
  copySync,
  type Target,
} from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { directory, readTree, symlink, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, filesOf, fill, leavingNothing, rejection, workspace } from './support.ts';

/** The ways a copy runs, with the input that selects each. */
const ways: { name: string; files: number; target?: Partial<Target>; held?: boolean; sync?: boolean }[] = [
  { name: 'on the calling thread when it is small', files: 12 },
  { name: 'in worker threads when it is large', files: 120 },
  { name: 'planned on the calling thread when it has functions', files: 120, target: { filter: () => true } },
  { name: 'in worker threads that stand ready', files: 12, held: true },
  {
    name: 'planned on the calling thread beside workers that stand ready',
    files: 120,
    target: { rename: (path) => path },
    held: true,
  },
  { name: 'by copySync when it is small', files: 12, sync: true },
  { name: 'by copySync when it is large', files: 2_100, sync: true },
  { name: 'by copySync with functions', files: 120, target: { rename: (path) => path }, sync: true },
];

describe.each(ways)('a copy $name', ({ files, target, held, sync }) => {
  function prepared() {
    const cwd = workspace();
    const { bytes } = fill(join(cwd, 'in'), { files, folders: 5 });
    const links = { link: symlink('folder-0/file-0.bin') };
    writeTree(join(cwd, 'in'), { 'a/b/c': directory(), ...links });
    return { cwd, bytes: bytes + readFileSync(join(cwd, 'in/link')).length };
  }

  async function run(cwd: string, options: CopyOptions): Promise<CopyReport> {
    const { concurrency: _, ...alone } = options;
    if (sync) return copySync({ from: 'in', to: 'out', ...target }, { cwd, ...alone });
    const workers = held ? await bootWorkers(2) : undefined;
    try {
      return await copy({ from: 'in', to: 'out', ...target }, { cwd, ...options });
    } finally {
      await workers?.dispose();
    }
  }

  it.each([1, 8])('places every file, with a concurrency of %d', async (concurrency) => {
    const { cwd, bytes } = prepared();
    const report = await leavingNothing(cwd, () => run(cwd, { concurrency }));
    const out = readTree(join(cwd, 'out'));
    const given = readTree(join(cwd, 'in'));
    expect(filesOf(join(cwd, 'out'))).toEqual(filesOf(join(cwd, 'in')));
    for (const [path, { sha256, mode, mtimeNs, type }] of Object.entries(given)) {
      if (type === 'file') expect(out[path], path).toMatchObject({ sha256, mode, mtimeNs });
    }
    expect(report).toMatchObject({ files: files + 1, bytes, unchanged: 0, pruned: 0, links: 0 });
    expect(report).toMatchObject({ directories: 9, warnings: [] });
    expect(report.durationMs).toBeGreaterThan(0);
    expect(report).not.toHaveProperty('entries');
    const counts = Object.values(report.methods);
    expect(counts.reduce((sum, count) => sum + count.files, 0)).toBe(files + 1);
    expect(counts.reduce((sum, count) => sum + count.bytes, 0)).toBe(bytes);
  });

  const slow: CopyOptions[] = [{ durability: 'file' }, { durability: 'full' }, { pageCache: 'bypass' }];
  it.each([{}, ...slow])('makes directories where there is no file: %j', async (options) => {
    const cwd = writeTree(workspace(), { 'in/empty/inner': directory(), in2: directory() });
    for (const from of ['in', 'in2']) {
      const to = `out-of-${from}`;
      const targets = { from, to, ...target };
      const report = sync ? copySync(targets, { cwd, ...options }) : await copy(targets, { cwd, ...options });
      expect(report.directories).toBe(from === 'in' ? 3 : 1);
      expect(existsSync(join(cwd, to))).toBe(true);
    }
    expect(existsSync(join(cwd, 'out-of-in/empty/inner'))).toBe(true);
  });

  it('lists every path on request', async () => {
    const { cwd } = prepared();
    writeTree(join(cwd, 'out'), { 'folder-1/file-1.bin': 'kept' });
    const { entries = [], unchanged } = await run(cwd, { entries: true, overwrite: false, symlinks: 'keep' });
    expect(entries.map(({ destination }) => destination).sort()).toEqual(
      filesOf(join(cwd, 'out')).map((path) => join(cwd, 'out', path)),
    );
    const actionOf = (path: string) =>
      entries.find(({ destination }) => destination === join(cwd, 'out', path));
    expect(unchanged).toBe(1);
    expect(actionOf('folder-1/file-1.bin')).toMatchObject({ action: 'unchanged', bytes: 0 });
    expect(actionOf('folder-1/file-1.bin')).not.toHaveProperty('method');
    expect(actionOf('link')).toMatchObject({ action: 'linked', source: join(cwd, 'in/link'), bytes: 0 });
    expect(actionOf('folder-2/file-2.bin')).toMatchObject({
      action: 'copied',
      source: join(cwd, 'in/folder-2/file-2.bin'),
      method: expect.stringMatching(/^[a-z_]+$/),
      bytes: readFileSync(join(cwd, 'in/folder-2/file-2.bin')).length,
    });
  });
});

describe('targets that match nothing', () => {
  const nothing: [name: string, from: string, filter?: Target['filter']][] = [
    ['a missing directory', 'missing'],
    ['a glob without a match', 'in/*.none'],
    ['a glob below a missing directory', 'missing/**'],
    ['a glob without a match, with functions', 'in/*.none', () => true],
  ];

  it.each(nothing)('%s is a warning with allowMissing', async (_name, from, filter) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const targets: Target[] = [
      { from, to: 'out', ...(filter && { filter }) },
      { from: 'in', to: 'out' },
    ];
    for (const workers of [undefined, await bootWorkers(1)]) {
      const report = await copy(targets, { cwd, allowMissing: true });
      expect(report.files).toBe(1);
      expect(report.warnings).toEqual([expect.stringContaining(JSON.stringify(from))]);
      await workers?.dispose();
    }
  });

  it('are warned about once in a copy that runs in worker threads', async () => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files: 60, folders: 2 });
    const targets = [{ from: 'missing' }, { from: 'in', to: 'out' }, { from: 'no/*.x' }];
    const { files, warnings } = await copy(targets, { cwd, allowMissing: true });
    expect({ files, warnings: warnings.length }).toEqual({ files: 60, warnings: 2 });
  });

  it('place nothing without any target', async () => {
    expect(await copy([])).toMatchObject({ files: 0, directories: 0, warnings: [] });
  });
});

describe('functions of the user', () => {
  it.each([3, 100])('that throw end the copy with what they threw (%d files)', async (files) => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files, folders: 2 });
    const mine = new RangeError('mine');
    const throwing = () => {
      throw mine;
    };
    for (const target of [{ rename: throwing }, { filter: throwing }]) {
      const act = () => copy({ from: 'in', to: 'out', ...target }, { cwd });
      expect(await leavingNothing(cwd, () => rejection(act))).toBe(mine);
    }
  });

  it('onPlanned is called once, after what is stale was deleted', async () => {
    for (const files of [3, 100]) {
      const cwd = writeTree(workspace(), { 'out/stale': 's' });
      fill(join(cwd, 'in'), { files, folders: 2 });
      const seen: boolean[] = [];
      const onPlanned = () => void seen.push(existsSync(join(cwd, 'out/stale')));
      await copy({ from: 'in', to: 'out' }, { cwd, prune: 'everything', onPlanned });
      expect(seen).toEqual([false]);
    }
  });
});

describe('copyFile', () => {
  it.each([10, 3_000_000])('places one file of %d bytes and makes its directories', async (bytes) => {
    const cwd = workspace();
    writeFileSync(join(cwd, 'a'), Buffer.alloc(bytes, 7));
    const one = await leavingNothing(cwd, () => copyFile(join(cwd, 'a'), join(cwd, 'x/y/b')));
    const other = copyFileSync(join(cwd, 'a'), join(cwd, 'z/b'));
    expect(one).toEqual({ method: expect.any(String), bytes });
    expect(other).toEqual(one);
    const contents = contentsOf(cwd);
    expect([contents['x/y/b'], contents['z/b']]).toEqual([contents.a, contents.a]);
  });

  it('takes glob characters literally', async () => {
    const cwd = writeTree(workspace(), { '[id] (1)*.txt': 'a', 'i.txt': 'b' });
    await copyFile(join(cwd, '[id] (1)*.txt'), join(cwd, '{b}'));
    expect(readFileSync(join(cwd, '{b}'), 'utf8')).toBe('a');
  });

  it('says when a file was left as it was, and when a link was kept', async () => {
    const cwd = writeTree(workspace(), { a: 'a', b: 'b', link: symlink('a') });
    const [a, b, link, copied] = ['a', 'b', 'link', 'copied'].map((name) => join(cwd, name)) as string[];
    expect(await copyFile(a!, b!, { overwrite: false })).toEqual({ method: 'unchanged', bytes: 0 });
    expect(await copyFile(link!, copied!, { symlinks: 'keep' })).toEqual({ method: 'symlink', bytes: 0 });
  });
});
