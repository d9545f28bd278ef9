import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CopyError, copy, plan, type Target } from 'fs-reflink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentsOf, filesOf, inProcess } from '../core/support.ts';
import { notRoot, orSkipped } from '../support/skip.ts';
import { writeTree } from '../support/trees.ts';

let cwd: string;
let mounted: string[];
const at = (path: string) => join(cwd, path);

function bind(from: string, to: string): void {
  mkdirSync(at(to), { recursive: true });
  execFileSync('mount', ['--bind', at(from), at(to)]);
  mounted.push(at(to));
}

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'fs-reflink-mounted-'));
  mounted = [];
  writeTree(cwd, { 'in/a': 'a', 'in/deep/b': 'b', 'other/precious': 'p' });
});
afterEach(() => {
  for (const each of mounted.reverse()) execFileSync('umount', [each]);
  rmSync(cwd, { recursive: true, force: true });
});

const failure = (act: () => Promise<unknown>): Promise<CopyError> =>
  act().then(
    () => expect.unreachable('it should fail'),
    (error: CopyError) => {
      expect(error).toBeInstanceOf(CopyError);
      return error;
    },
  );

describe.skipIf(notRoot)(orSkipped("prune: 'everything', with bind mounts", notRoot), () => {
  test.each<[what: string, target: Target]>([
    ['a directory', { from: 'in', to: 'out' }],
    ['a directory in it', { from: 'in/deep', to: 'out' }],
    ['a glob', { from: 'in/**', to: 'out' }],
    ['a glob in a directory in it', { from: 'in/deep/*', to: 'out' }],
    ['a file', { from: 'in/deep/b', to: 'out' }],
    ['several files', { from: ['in/a', 'in/deep/b'], to: 'out' }],
  ])('does not empty the directory that is copied from by another path: %s', async (_what, target) => {
    bind('in', 'out');
    for (const act of [plan, copy]) {
      const error = await failure(() => act(target, { cwd, prune: 'everything' }));
      expect(error.code).toMatch(/^ERR_(NESTED|SAME_FILE)$/);
      expect(filesOf(at('in'))).toEqual(['a', 'deep/b']);
    }
  });

  test('does not empty the directory of a source whose name is not UTF-8', async () => {
    const named = (path: string) => Buffer.concat([Buffer.from(`${at(path)}/`), Buffer.of(0xff)]);
    mkdirSync(named('in'));
    writeFileSync(Buffer.concat([named('in'), Buffer.from('/x')]), 'x');
    bind('in', 'out');
    for (const act of [copy, plan]) {
      const error = await failure(() => act({ from: 'in/*/x', to: 'out' }, { cwd, prune: 'everything' }));
      expect(filesOf(at('in'))).toEqual(expect.arrayContaining(['a', 'deep/b']));
      expect(error.code).toBe('ERR_NESTED');
    }
  });

  test.each(['other', 'in', 'in/deep'])(
    'does not delete what is mounted in the destination: %s',
    async (from) => {
      writeTree(cwd, { 'out/stale/x': 'x' });
      bind(from, 'out/stale/mounted');
      const before = contentsOf(at(from));
      for (const act of [plan, copy]) {
        const error = await failure(() => act({ from: 'in', to: 'out' }, { cwd, prune: 'everything' }));
        expect(error).toMatchObject({ code: 'EBUSY', destination: at('out/stale/mounted') });
        expect(error.message).toContain('mounted');
        expect(contentsOf(at(from))).toEqual(before);
      }
      const kept = { cwd, prune: 'everything', keep: ['stale/mounted'] } as const;
      expect(await copy({ from: 'in', to: 'out' }, kept)).toMatchObject({ pruned: 1 });
      expect(contentsOf(at(from))).toEqual(before);
    },
  );

  test('is an error among others with onError: collect, and the rest is copied and deleted', async () => {
    writeTree(cwd, { 'out/stale/x': 'x', 'out/stale/mounted/y': 'y' });
    bind('other', 'out/stale/mounted');
    const before = contentsOf(at('other'));
    for (const act of [plan, copy]) {
      const options = { cwd, prune: 'everything', onError: 'collect' } as const;
      const { errors, pruned } = await act({ from: 'in', to: 'out' }, options);
      expect(pruned).toBe(1);
      expect(errors).toMatchObject([{ code: 'EBUSY', destination: at('out/stale/mounted') }]);
    }
    expect(filesOf(at('out'))).toEqual(['a', 'deep/b', 'stale/mounted/precious']);
    expect(contentsOf(at('other'))).toEqual(before);
  });

  test('does not delete another filesystem in the destination, without koffi', async () => {
    writeTree(cwd, { 'out/stale/x': 'x' });
    mkdirSync(at('out/stale/mounted'));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', at('out/stale/mounted')]);
    mounted.push(at('out/stale/mounted'));
    writeTree(at('out/stale/mounted'), { precious: 'p' });
    const { error } = inProcess(
      "return lib.copy({ from: 'in', to: 'out' }, { cwd: argument.cwd, prune: 'everything' })",
      { cwd },
      { env: { FS_REFLINK_NATIVE: 'off' } },
    );
    expect(error).toMatchObject({ code: 'EBUSY', destination: at('out/stale/mounted') });
    expect(filesOf(at('out/stale/mounted'))).toEqual(['precious']);
  });

  test('copies into what is mounted where a directory of the source goes', async () => {
    bind('other', 'out/deep');
    expect(await copy({ from: 'in', to: 'out' }, { cwd, prune: 'everything' })).toMatchObject({ pruned: 1 });
    expect(filesOf(at('other'))).toEqual(['b']);
  });
});
