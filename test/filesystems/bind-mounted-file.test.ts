import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, copyFile, copyFileSync, type Target } from 'fs-reflink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { portableSystem } from '../../packages/core/src/platform/portable/portable.ts';
import { type MountedFilesystem, mountFilesystem, unavailable } from '../support/filesystems.ts';
import { orSkipped } from '../support/skip.ts';
import { SystemBench } from '../support/system-bench.ts';

const reason = unavailable('tmpfs');

describe.skipIf(reason)(orSkipped('a destination that is a file mounted by itself', reason), () => {
  let disk: MountedFilesystem;
  const at = (name: string) => join(disk.path, name);
  beforeEach(() => {
    disk = mountFilesystem('tmpfs');
    for (const name of ['in', 'out']) mkdirSync(at(name));
    for (const name of ['in/file', 'out/file', 'outer']) writeFileSync(at(name), name);
    execFileSync('mount', ['--bind', at('outer'), at('out/file')]);
  });
  afterEach(() => {
    execFileSync('umount', [at('out/file')]);
    disk.unmount();
  });

  const expectKept = () => {
    expect(readdirSync(at('out'))).toEqual(['file']);
    expect(readFileSync(at('outer'), 'utf8')).toBe('outer');
  };

  const copyWith = (target: Partial<Target>, options: CopyOptions = {}) =>
    copy({ from: at('in'), to: at('out'), ...target }, options);
  const ways: [name: string, run: () => Promise<unknown>][] = [
    ['copyFile', () => copyFile(at('in/file'), at('out/file'))],
    ['copyFileSync', async () => copyFileSync(at('in/file'), at('out/file'))],
    ['copy', () => copyWith({})],
    ["copy with overwrite: 'changed'", () => copyWith({}, { overwrite: 'changed' })],
    ['copy with transform', () => copyWith({ transform: () => 'transformed' })],
  ];
  test.each(ways)('%s says what to do, and keeps it', async (_name, run) => {
    const error = await run().catch((thrown: unknown) => thrown);
    const paths = { source: at('in/file'), destination: at('out/file') };
    expect(error).toMatchObject({ code: 'EBUSY', syscall: 'rename', ...paths });
    expect((error as Error).message).toContain('mount the directory that it is in');
    expectKept();
  });

  test('node:fs refuses it too, and keeps it', () => {
    using bench = new SystemBench(portableSystem('a test'));
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    const mounted = join(bench.destination, 'file');
    execFileSync('mount', ['--bind', at('outer'), mounted]);
    try {
      expect(bench.copy('file')).toMatchObject({ code: 'EBUSY' });
      expect(bench.names).toEqual(['file']);
    } finally {
      execFileSync('umount', [mounted]);
    }
    expectKept();
  });
});
