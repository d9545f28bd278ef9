import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyBy } from '../../../../test/support/copy-by.ts';
import { errnoOf } from '../../../../test/support/injected.ts';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import type { CopyOptions } from '../options.ts';
import { type Bindings, loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';

/**
 * Copies two directories with one file each. `synced` lists every sync call, `copied` every path in the destination.
 */
function copyTree(options: CopyOptions, overrides: Partial<Bindings> = {}, links?: string) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-durability-'));
  for (const name of ['one', 'two']) {
    fs.mkdirSync(path.join(root, 'from', name), { recursive: true });
    fs.writeFileSync(path.join(root, 'from', name, 'file'), 'content');
  }
  if (links !== undefined) {
    fs.mkdirSync(path.join(root, 'from', links));
    fs.symlinkSync('nowhere', path.join(root, 'from', links, 'link'));
  }
  const real = { ...loadBindings(), ...overrides };
  const synced: string[] = [];
  const note = (call: 'fsync' | 'fdatasync') => (fd: number) => {
    synced.push(`${call} ${path.relative(root, fs.readlinkSync(`/proc/self/fd/${fd}`))}`);
    return real[call](fd);
  };
  const bindings = { ...real, fsync: note('fsync'), fdatasync: note('fdatasync') };
  const { error } = copyBy(linuxSystem(bindings), { from: 'from', to: 'to' }, { cwd: root, ...options });
  const copied = fs.existsSync(path.join(root, 'to'))
    ? fs.readdirSync(path.join(root, 'to'), { recursive: true, encoding: 'utf8' }).sort()
    : [];
  fs.rmSync(root, { recursive: true });
  return { synced: synced.sort(), error, copied };
}

describe.skipIf(notLinux)(orSkipped('durability (Linux)', notLinux), () => {
  test('none leaves it to the system', () => {
    expect(copyTree({}).synced).toEqual([]);
  });

  test('file puts the data of each file on the disk', () => {
    expect(copyTree({ durability: 'file' }).synced).toEqual([
      'fdatasync to/one/file',
      'fdatasync to/two/file',
    ]);
  });

  test('full puts the names there too, those of new directories included', () => {
    const { synced } = copyTree({ durability: 'full' });
    expect(synced).toEqual(expect.arrayContaining(['fdatasync to/one/file', 'fdatasync to/two/file']));
    expect(synced).toEqual(expect.arrayContaining(['fsync ', 'fsync to', 'fsync to/one', 'fsync to/two']));
  });

  test('full puts the names of links there, too', () => {
    const { synced } = copyTree({ durability: 'full', symlinks: 'keep' }, {}, 'links');
    expect(synced).toContain('fsync to/links');
  });

  test('a filesystem that cannot sync directories is no error', () => {
    const { error, copied } = copyTree({ durability: 'full' }, { fsync: () => -errnoOf('EINVAL') });
    expect(error).toBeUndefined();
    expect(copied).toContain('one/file');
  });

  test('data are on the disk before an atomic copy gets its name', () => {
    const { synced } = copyTree({ durability: 'file', atomic: true });
    expect(synced).toHaveLength(2);
    for (const call of synced) expect(call).toMatch(/^fdatasync to\/(one|two)\/\.fs-reflink-.*\.tmp$/);
  });

  test('a disk that cannot keep the data is an error, and the file is removed', () => {
    const { error, copied } = copyTree({ durability: 'file' }, { fdatasync: () => -errnoOf('EIO') });
    expect(error).toMatchObject({ code: 'EIO', syscall: 'fdatasync' });
    expect(copied.filter((name) => name.includes('file') || name.endsWith('.tmp'))).toEqual([]);
  });

  test('a disk that cannot keep the names is an error', () => {
    const { error } = copyTree({ durability: 'full' }, { fsync: () => -errnoOf('EIO') });
    expect(error).toMatchObject({ code: 'EIO' });
  });
});
