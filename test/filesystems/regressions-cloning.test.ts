import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { copy, copyFileSync } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { Bench, errnoOf } from '../support/injected.ts';
import { describeOn } from '../support/places.ts';

const content = Buffer.alloc(200_000, 'content');

describeOn(['btrfs'], 'on btrfs', () => {
  let btrfs: MountedFilesystem;
  beforeAll(() => {
    btrfs = mountFilesystem('btrfs');
  });
  afterAll(() => btrfs?.unmount());

  describe('R14: a NOCOW file is copied and does not keep others from being cloned', () => {
    test.each([[['nocow', 'cow', 'nocow', 'cow']], [['cow', 'nocow', 'nocow', 'nocow', 'nocow', 'cow']]])(
      '%j',
      (kinds) => {
        using bench = new Bench(() => ({}), {}, { source: btrfs.path, destination: btrfs.path });
        const files = kinds.map((kind, number) => `${kind}-${number}`);
        for (const name of files) {
          if (name.startsWith('nocow')) makeNoCow(join(bench.source, name));
          bench.write(name, content);
        }
        const methods = files.map((name) => bench.copy(name).method);
        expect(methods).toEqual(kinds.map((kind) => (kind === 'cow' ? 'ficlone' : 'copy_file_range')));
        for (const name of files) {
          expect(bench.read(name).equals(content)).toBe(true);
          const shares = sharesExtents(join(bench.source, name), join(bench.destination, name));
          expect(shares).toBe(name.startsWith('cow'));
        }
      },
    );
  });

  test('R15: files are cloned between subvolumes, whose device numbers differ', async () => {
    const [from, to] = [join(btrfs.path, 'a', 'tree'), join(btrfs.path, 'b', 'tree')];
    mkdirSync(from);
    for (const name of ['one', 'two', 'three']) writeFileSync(join(from, name), content);
    const { methods } = await copy({ from, to });
    expect(methods).toEqual({ ficlone: { files: 3, bytes: 3 * content.length } });
    expect(statSync(from).dev).not.toBe(statSync(to).dev);
    expect(sharesExtents(join(from, 'one'), join(to, 'one'))).toBe(true);
  });

  test('R15: files are cloned between two mounts of one filesystem', () => {
    const [bound, source] = [join(btrfs.path, 'bound'), join(btrfs.path, 'bound source')];
    mkdirSync(bound);
    writeFileSync(source, content);
    execFileSync('mount', ['--bind', join(btrfs.path, 'a'), bound]);
    try {
      const destination = join(bound, 'copy');
      expect(copyFileSync(source, destination)).toEqual({ method: 'ficlone', bytes: content.length });
      expect(sharesExtents(source, destination)).toBe(true);
    } finally {
      execFileSync('umount', [bound]);
    }
  });

  test('R13: a clone in place of a longer file has nothing of its end', () => {
    const [source, destination] = [join(btrfs.path, 'short'), join(btrfs.path, 'long')];
    writeFileSync(source, content.subarray(0, 8192));
    writeFileSync(destination, Buffer.alloc(50_000, 'old'));
    expect(copyFileSync(source, destination).method).toBe('ficlone');
    expect(readFileSync(destination).equals(content.subarray(0, 8192))).toBe(true);
    expect(sharesExtents(source, destination)).toBe(true);
  });

  test('a file whose size is no exact number in JavaScript is cloned, or refused', () => {
    const [source, destination] = [join(btrfs.path, 'huge'), join(btrfs.path, 'huge copy')];
    // One byte after a hole.
    execFileSync('dd', [`of=${source}`, 'bs=1', 'seek=9007199254740992', 'status=none'], { input: 'x' });
    const size = (file: string) => statSync(file, { bigint: true }).size;
    expect(size(source)).toBe(9007199254740993n);
    expect(() => copyFileSync(source, destination, { reflink: 'never' })).toThrow(/ EFBIG: file too large /);
    expect(existsSync(destination)).toBe(false);
    expect(copyFileSync(source, destination).method).toBe('ficlone');
    expect(size(destination)).toBe(size(source));
  });

  test('a subvolume that is read only refuses without leaving anything', () => {
    const [subvolume, snapshot] = [join(btrfs.path, 'a'), join(btrfs.path, 'snapshot')];
    execFileSync('btrfs', ['-q', 'subvolume', 'snapshot', '-r', subvolume, snapshot]);
    writeFileSync(join(btrfs.path, 'for the snapshot'), content);
    expect(() => copyFileSync(join(btrfs.path, 'for the snapshot'), join(snapshot, 'copy'))).toThrow('EROFS');
  });
});

/** With `xino`, all files have the same device number, whichever layer they are in. */
describeOn(['xfs', 'ext4', 'overlay'], 'on an overlay of two filesystems', () => {
  const mixed = ['upper-1', 'lower-1', 'lower-2', 'lower-3', 'lower-4', 'upper-2', 'lower-5', 'upper-3'];
  const mounted: MountedFilesystem[] = [];
  const overlays: Record<string, string> = {};

  beforeAll(() => {
    const [lower, upper] = [mountFilesystem('ext4'), mountFilesystem('xfs')];
    mounted.push(lower, upper);
    for (const options of ['xino=off', 'xino=on']) {
      const overlay = mountFilesystem('overlay', { on: upper.path, lowerOn: lower.path, options });
      mounted.unshift(overlay);
      overlays[options] = overlay.path;
      mkdirSync(join(overlay.layers!.lower, 'mixed'));
      for (const name of mixed) {
        const layer = name.startsWith('lower') ? overlay.layers!.lower : overlay.path;
        writeFileSync(join(layer, 'mixed', name), content);
      }
    }
  });
  afterAll(() => {
    for (const each of mounted) each.unmount();
  });

  const isUpper = (name: string) => name.startsWith('upper');

  describe.each(['xino=off', 'xino=on'])('mounted with %s', (options) => {
    test.each([
      ['as they come', mixed],
      ['those that cannot be cloned first', [...mixed].sort()],
    ])('R16: files of both layers are copied in their own way, %s', (_title, names) => {
      const destination = overlays[options]!;
      using bench = new Bench(() => ({}), {}, { tree: join(destination, 'mixed'), destination });
      for (const name of names) {
        const { method } = bench.copy(name);
        expect([name, method === 'ficlone']).toEqual([name, isUpper(name)]);
        expect(bench.read(name).equals(content)).toBe(true);
      }
    });

    test('R16: in one copy of a directory', async () => {
      const [from, to] = [join(overlays[options]!, 'mixed'), join(overlays[options]!, 'copied')];
      const { entries } = await copy({ from, to }, { entries: true });
      for (const { source, destination, method } of entries!) {
        expect([source, method === 'ficlone']).toEqual([source, isUpper(basename(source!))]);
        expect(readFileSync(destination).equals(content)).toBe(true);
      }
      expect(entries).toHaveLength(mixed.length);
      expect(sharesExtents(join(from, 'upper-3'), join(to, 'upper-3'))).toBe(true);
    });
  });
});

describeOn(['xfs'], 'on xfs', () => {
  let xfs: MountedFilesystem;
  beforeAll(() => {
    xfs = mountFilesystem('xfs', { sizeMiB: 4096 });
  });
  afterAll(() => xfs?.unmount());

  test('R11: a file over 2 GiB goes through copy_file_range in parts, and is complete', () => {
    const sizes: number[] = [];
    const size = 2 * 1024 ** 3 + 4097;
    using bench = new Bench(
      (real) => ({
        ioctl: () => -errnoOf('EINVAL'),
        copyFileRange(from, to, length) {
          sizes.push(length);
          return real.copyFileRange(from, to, length);
        },
      }),
      {},
      { source: xfs.path, destination: xfs.path },
    );
    const source = join(bench.source, 'large');
    closeSync(openSync(source, 'w'));
    execFileSync('fallocate', ['-l', String(size), source]);
    expect(bench.copy('large')).toEqual({ method: 'copy_file_range', bytes: size });
    expect(lstatSync(join(bench.destination, 'large')).size).toBe(size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 ** 3);
  });
});

function makeNoCow(path: string): void {
  closeSync(openSync(path, 'w'));
  execFileSync('chattr', ['+C', path]);
}
