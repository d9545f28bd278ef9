import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopySyncOptions, copy, copySync, type Progress, type Target } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { symlink, writeTree } from '../support/trees.ts';
import { contentsOf, filesOf, fill, leavingNothing, rejection, workspace } from './support.ts';

const files = { 'in/a.txt': 'a', 'in/sub/b.txt': 'b', 'in/sub/c.md': 'c' };

/** The results of copy() and copySync() for the same input, each in its own directory. */
async function both(targets: Target | Target[], options: CopySyncOptions = {}, before = files) {
  const attempt = async (act: (cwd: string) => unknown) => {
    const cwd = writeTree(workspace(), before);
    const withoutPath = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll(cwd, '.')) as object;
    try {
      const report = withoutPath(await act(cwd));
      return { contents: contentsOf(cwd), report: { ...report, durationMs: 0 } };
    } catch (error) {
      return { contents: contentsOf(cwd), error: withoutPath(String(error)) };
    }
  };
  return {
    sync: await attempt((cwd) => copySync(targets, { cwd, ...options })),
    async: await attempt((cwd) => copy(targets, { cwd, ...options })),
  };
}

describe('copySync does what copy does', () => {
  const cases: [name: string, targets: Target | Target[], options?: CopySyncOptions][] = [
    ['a directory', { from: 'in', to: 'out' }],
    [
      'a glob, with a filter and new names',
      { from: 'in/**/*.txt', to: 'out', filter: (path) => path !== 'a.txt', rename: 'x' },
    ],
    [
      'several targets for one name',
      [
        { from: 'in/a.txt', to: 'out' },
        { from: 'in/sub/b.txt', to: 'out', rename: 'a.txt' },
      ],
      { overlaps: true },
    ],
    ['a source that is not there', { from: 'nowhere', to: 'out' }],
    ['a target that may be missing', { from: 'no*/x', to: 'out' }, { allowMissing: true }],
    [
      'a destination that exists',
      { from: 'in/a.txt', to: 'in/sub', rename: 'b.txt' },
      { overwrite: 'error' },
    ],
    ['two files for one name', { from: 'in/**/*.*', to: 'out', rename: 'one' }],
    ['hard links, one thread', { from: 'in', to: 'out' }, { preserve: ['mode', 'links'] }],
    ['files that are as they were', { from: 'in', to: 'in/../in2' }, { overwrite: 'changed' }],
    ['a directory into itself', { from: 'in', to: 'in/sub/deep' }],
    ['full copies', { from: 'in', to: 'out' }, { reflink: 'never', durability: 'file' }],
  ];
  it.each(cases)('%s', async (_name, targets, options) => {
    const { sync, async } = await both(targets, options);
    expect(sync).toEqual(async);
  });

  it('links that are kept', () => {
    const cwd = writeTree(workspace(), { ...files, 'in/link': symlink('a.txt') });
    expect(copySync({ from: 'in', to: 'out' }, { cwd, symlinks: 'keep' })).toMatchObject({
      files: 3,
      links: 1,
    });
  });

  it('all other files where one cannot be copied', () => {
    const cwd = writeTree(workspace(), { ...files, 'out/a.txt/taken': '' });
    const report = copySync({ from: 'in', to: 'out' }, { cwd, onError: 'collect' });
    expect(report).toMatchObject({
      files: 2,
      errors: [{ code: 'EISDIR', destination: join(cwd, 'out/a.txt') }],
    });
  });
});

describe('copySync', () => {
  it('is over when it returns, whatever the size', () => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files: 2_100, folders: 7 });
    const large = join(cwd, 'in/large');
    writeFileSync(large, Buffer.alloc(70 << 20, 1));
    const calls: Progress[] = [];
    const report = copySync({ from: 'in', to: 'out' }, { cwd, onProgress: (each) => void calls.push(each) });
    expect(report.files).toBe(2_101);
    expect(statSync(join(cwd, 'out/large')).size).toBe(70 << 20);
    expect(calls.filter(({ done }) => done)).toHaveLength(2_101);
    expect(calls.at(-1)).toMatchObject({ files: 2_101, bytes: report.bytes });
  });

  const onlyInCopy: CopySyncOptions = { manifest: 'm' } as object;
  it.each([
    onlyInCopy,
    { prune: 'everything' },
    { keep: ['a'] },
    { concurrency: 1 },
    { onPlanned: () => {} },
    { cloneDirectories: true },
  ] as CopySyncOptions[])('refuses what only copy can do: %j', async (options) => {
    const cwd = writeTree(workspace(), files);
    const [name] = Object.keys(options);
    const error = await leavingNothing(cwd, () =>
      rejection(async () => copySync({ from: 'in', to: 'out' }, { cwd, ...options })),
    );
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(`copySync has no option "${name}"; use copy`);
    expect(filesOf(cwd)).toEqual(Object.keys(files).sort());
  });

  it('refuses transform', () => {
    const cwd = writeTree(workspace(), files);
    const target = { from: 'in', to: 'out', transform: () => '' };
    expect(() => copySync(target, { cwd })).toThrow(/copySync has no target option "transform"; use copy/);
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });

  it('copies nothing for a signal that is aborted', () => {
    const cwd = writeTree(workspace(), files);
    const signal = AbortSignal.abort();
    expect(() => copySync({ from: 'in', to: 'out' }, { cwd, signal })).toThrow(/ABORT_ERR/);
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });
});
