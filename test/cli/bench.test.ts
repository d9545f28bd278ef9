import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BenchResult } from '../../packages/core/src/cli/bench/result.ts';
import { contentsOf, fill } from '../core/support.ts';
import { mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { describeOnLinux, json, output, run } from './support.ts';

describeOn(['btrfs'], 'bench on btrfs', () => {
  it('measures each method by itself, and leaves nothing behind', () => {
    using disk = mountFilesystem('btrfs');
    fill(join(disk.path, 'files'), { files: 60, folders: 3 });
    writeFileSync(join(disk.path, 'files/large'), Buffer.alloc(4_000_000, 'large'));
    const before = contentsOf(disk.path);
    const result = json<BenchResult>(['bench', join(disk.path, 'files'), '--rounds', '3']);
    expect(contentsOf(disk.path)).toEqual(before);
    expect(result).toMatchObject({ files: 61, rounds: 3, fsync: false, baseline: 'read_write', refused: [] });
    expect(result.measured.map(({ method }) => method).sort()).toEqual([
      'auto',
      'copy_file_range',
      'direct',
      'ficlone',
      'read_write',
    ]);
    for (const { method, methods, times, median, min, max } of result.measured) {
      // An empty file has nothing that a method could move.
      const { read_write: plain, ...others } = methods;
      if (method === 'read_write') expect(plain!.files).toBe(61);
      else
        expect({ plain: plain!.files, others }).toMatchObject({
          plain: 1,
          others: { [method === 'auto' ? 'ficlone' : method]: { files: 60 } },
        });
      expect(times).toHaveLength(3);
      expect([Math.min(...times), Math.max(...times)]).toEqual([min, max]);
      expect(median).toBe([...times].sort((one, other) => one - other)[1]);
    }
  });

  it('takes no directory for one that lies in it, and needs --to at the root of a filesystem', () => {
    using disk = mountFilesystem('btrfs');
    fill(join(disk.path, 'files'), { files: 3, folders: 3 });
    const root = run(['bench', disk.path]);
    expect(root.status).toBe(2);
    expect(root.stderr).toContain('is the root of its filesystem');
    const within = run(['bench', join(disk.path, 'files'), '--to', join(disk.path, 'files/folder-1')]);
    expect(within.status).toBe(1);
    expect(within.stderr).toContain('ERR_NESTED');
    expect(readdirSync(join(disk.path, 'files/folder-1'))).toHaveLength(1);
  });
});

describeOn(['ext4'], 'bench on ext4', () => {
  it('generates files, says what is not possible, and compares', () => {
    using disk = mountFilesystem('ext4');
    const before = readdirSync(disk.path);
    const printed = output(['bench', '--rounds=1', '--fsync'], disk.path);
    expect(readdirSync(disk.path)).toEqual(before);
    expect(printed).toMatch(/^515 files, 68 MB, generated to \//);
    expect(printed).toContain('1 round; until the data is on the disk');
    expect(printed).toMatch(/^method +median +min - max +rate +to read_write$/m);
    expect(printed).toMatch(/^read_write .*\/s +1\.00x$/m);
    expect(printed).toMatch(/^copy_file_range .*x$/m);
    expect(printed.replace(/\s+/g, ' ')).toContain(
      'auto, a copy without options: 512 copied (read_write), 3 copied (copy_file_range)',
    );
    expect(printed).toContain('not possible here: ficlone (ENOTSUP)');
  });

  it('refuses when there is not enough room, and says how much it needs', () => {
    using disk = mountFilesystem('ext4', { sizeMiB: 64 });
    const { status, stdout, stderr } = run(['bench'], { cwd: disk.path });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/ENOSPC: measuring needs 143 MB free there, and \d+ MB are/);
    expect(readdirSync(disk.path)).toEqual(['lost+found']);
  });
});

it('bench says that there is nothing to measure with', () => {
  const { status, stderr } = run(['bench', join(import.meta.dirname, 'nothing')]);
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('is no directory') });
});

describeOnLinux('bench where nothing can be written', () => {
  it('names the directory and the code, and says how to choose another one', () => {
    const { status, stderr } = run(['bench', import.meta.dirname, '--to', '/proc']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^fs-reflink: Cannot write "\/proc": E[A-Z]+: .*'--to' \(mkdtemp\)\n$/),
    });
  });
});
