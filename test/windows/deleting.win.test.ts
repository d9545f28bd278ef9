import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copy } from 'fs-reflink';
import { expect, test } from 'vitest';
import { Deleter } from '../../packages/core/src/plan/delete.ts';
import { EIO } from '../../packages/core/src/platform/errno.ts';
import type { Directory } from '../../packages/core/src/platform/system.ts';
import { type Bindings, loadBindings } from '../../packages/core/src/platform/win32/bindings.ts';
import { rename } from '../../packages/core/src/platform/win32/names.ts';
import { copyFileEx } from '../../packages/core/src/platform/win32/strategies.ts';
import { win32System } from '../../packages/core/src/platform/win32/win32.ts';
import { SystemBench } from '../support/system-bench.ts';
import { failure, JUNCTION, withTag } from './bench.ts';
import { describeOnWindows, workspace } from './support.ts';

const THEIRS = 'a complete file of another build';

describeOnWindows('what is deleted', () => {
  test.each([
    ['read_write', 'never'],
    ['copy_file_ex', 'auto'],
  ] as const)('is not what has taken the place of a file that fails: %s', (_method, reflink) => {
    let bench: SystemBench | undefined;
    const real = win32System(loadBindings());
    bench = new SystemBench(
      {
        ...real,
        sync() {
          writeFileSync(join(bench!.destination, 'theirs'), THEIRS);
          renameSync(join(bench!.destination, 'file'), join(bench!.destination, 'moved'));
          renameSync(join(bench!.destination, 'theirs'), join(bench!.destination, 'file'));
          return -EIO;
        },
      },
      { reflink, durability: 'file' },
    );
    using _disposed = bench;
    bench.write('file', Buffer.alloc(300_001, 'content'));
    expect(bench.copy('file')).toMatchObject({ code: 'EIO' });
    expect(bench.read('file').toString()).toBe(THEIRS);
  });

  test('is nothing where CopyFileExW did not get as far as to create a file', () => {
    const deleted: string[] = [];
    const bindingsOf = (code: number): Bindings => ({
      ...loadBindings(),
      copyFile: () => failure(code),
      deleteFile: (path) => deleted.push(path),
    });
    const directory = { path: 'x', fd: -1, prefix: 'x\\' };
    const transfer = {
      sourceDirectory: directory,
      destinationDirectory: directory,
      sourceName: 'from',
      destinationName: 'to',
      status: { size: 1, blocks: 1 },
    } as never;
    const run = (code: number) =>
      copyFileEx(bindingsOf(code), { bypassCache: false, isFollowed: () => false }).run(transfer);
    // The source is gone; the disk is full.
    expect(run(2)).toBe(failure(2));
    expect(deleted).toEqual([]);
    expect(run(112)).toBe(failure(112));
    expect(deleted).toEqual(['x\\to']);
  });

  test('with everything else: directories with all that is in them, and what is read-only', async () => {
    const cwd = workspace();
    for (const directory of ['in', 'out/old/deep', 'outside'])
      mkdirSync(join(cwd, directory), { recursive: true });
    for (const file of ['in/a', 'out/stale', 'out/old/b', 'out/old/deep/c', 'outside/precious'])
      writeFileSync(join(cwd, file), file);
    chmodSync(join(cwd, 'out/old/deep/c'), 0o444);
    const report = await copy({ from: 'in', to: 'out' }, { cwd, prune: 'everything' });
    expect(report).toMatchObject({ files: 1, pruned: 3 });
    expect(readdirSync(join(cwd, 'out'))).toEqual(['a']);
  });

  test('is nothing in a directory that takes the place of the one that was opened', () => {
    const cwd = workspace();
    const make = (directory: string) => {
      mkdirSync(join(cwd, directory, 'deep'), { recursive: true });
      for (const file of ['file', 'deep/file']) writeFileSync(join(cwd, directory, file), directory);
    };
    make('out');
    const deleter = new Deleter(win32System(loadBindings()), { makesWritable: false });
    const opened = deleter.open(cwd, join(cwd, 'out')) as Directory;
    renameSync(join(cwd, 'out'), join(cwd, 'moved'));
    make('out');
    expect(deleter.deleteFile(opened, 'file')).toBe(0);
    expect(deleter.deleteEntry(opened, 'deep', true).next()).toEqual({ done: true, value: 0 });
    expect(deleter.deleteEmpty(opened, 'deep')).toBe(false);
    deleter.close();
    expect(readdirSync(cwd, { recursive: true }).sort()).toEqual(
      ['moved', 'out'].flatMap((each) => [
        each,
        ...['deep', 'deep/file', 'file'].map((name) => join(each, name)),
      ]),
    );
  });

  test('a file that takes the place of a link while that is replaced comes back', () => {
    const link = 0x410;
    const moves: string[] = [];
    const bindings: Bindings = {
      ...loadBindings(),
      ...withTag(JUNCTION),
      getFileAttributes: (path) => (path === 'newold.tmp' ? 0x20 : link),
      moveFile(from, to, flags) {
        moves.push(`${from} > ${to}`);
        return flags === 0 ? 1 : failure(5);
      },
    };
    expect(rename(bindings, 'new.tmp', 'name', true)).toBe(failure(32));
    expect(moves).toEqual(['new.tmp > name', 'name > newold.tmp', 'newold.tmp > name']);
  });
});
