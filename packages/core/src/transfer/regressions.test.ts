import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { copyBy } from '../../../../test/support/copy-by.ts';
import { Bench, errnoOf, openDescriptors, pretendToClone } from '../../../../test/support/injected.ts';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import type { TransferSettings } from '../model/settings.ts';
import type { Bindings } from '../platform/linux/bindings.ts';
import { SEEK_DATA } from '../platform/linux/constants.ts';
import { FILESYSTEMS } from '../platform/linux/filesystems.ts';
import { portableSystem } from '../platform/portable/portable.ts';

const content = randomBytes(700_001);
const typeOf = (filesystem: string) => FILESYSTEMS.find(([, name]) => name === filesystem)![0];
const EXT4_SUPER_MAGIC = typeOf('ext4');

const noClone = () => -errnoOf('EOPNOTSUPP');
const never = { reflink: 'never' } as const;
const direct = { reflink: 'never', pageCache: 'bypass' } as const;

afterEach(() => vi.restoreAllMocks());

describe.skipIf(notLinux)(orSkipped('what went wrong elsewhere (Linux)', notLinux), () => {
  describe('R1: a source that is cut short while it is copied does not hang the copy', () => {
    // Node's own copy loops forever in this case.
    const ways: [string, Partial<TransferSettings>, 'copyFileRange' | 'read'][] = [
      ['copy_file_range', {}, 'copyFileRange'],
      ['read_write', never, 'read'],
      ['direct', direct, 'read'],
    ];

    test.each(ways)('%s copies it as it is then', (_method, settings, call) => {
      using bench = cutting(settings, call, [1000]);
      expect(bench.copy('file')).toMatchObject({ bytes: 1000 });
      expect(bench.read('file').equals(content.subarray(0, 1000))).toBe(true);
    });

    test.each(ways)('%s gives up when it never holds still', (_method, settings, call) => {
      using bench = cutting(
        settings,
        call,
        Array.from({ length: 1000 }, (_each, cut) => 600_000 - cut),
      );
      const open = openDescriptors();
      expect(bench.copy('file')).toMatchObject({ code: 'ERR_SOURCE_CHANGED' });
      expect(bench.names).toEqual([]);
      expect(openDescriptors()).toBe(open);
    });

    /** Each call of the strategy copies a part of the file, then the file is truncated to the next of `sizes`. */
    function cutting(
      settings: Partial<TransferSettings>,
      call: 'copyFileRange' | 'read',
      sizes: number[],
    ): Bench {
      const bench: Bench = new Bench((real) => {
        const cut = (moved: number): number => {
          const size = sizes.shift();
          if (size !== undefined) fs.truncateSync(path.join(bench.source, 'file'), size);
          return moved;
        };
        return call === 'read'
          ? { ioctl: noClone, read: (fd, buffer, size) => cut(real.read(fd, buffer, Math.min(size, 8192))) }
          : { ioctl: noClone, copyFileRange: (from, to) => cut(real.copyFileRange(from, to, 8192)) };
      }, settings);
      bench.write('file', content);
      return bench;
    }

    test('node:fs copies it as it is then', () => {
      const real = fs.readSync as (...args: unknown[]) => number;
      const { source, run, root } = portableFile();
      vi.spyOn(fs, 'readSync').mockImplementationOnce((...args: unknown[]) => {
        const got = real(...args.with(3, 8192));
        fs.truncateSync(source, 1000);
        return got;
      });
      const { error, tally } = run();
      expect(error).toBeUndefined();
      expect(tally.bytes).toBe(1000);
      fs.rmSync(root, { recursive: true });
    });
  });

  test('R3: copy_file_range that moves nothing and claims success is followed by read and write', () => {
    using bench = new Bench(() => ({ ioctl: noClone, copyFileRange: () => 0 }));
    bench.write('file', content);
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: content.length });
    expect(bench.read('file').equals(content)).toBe(true);
  });

  test('R3: the same for a file that begins with a hole', () => {
    using bench = new Bench(() => ({
      ioctl: noClone,
      copyFileRange: () => 0,
      fstatfs: answering(EXT4_SUPER_MAGIC),
    }));
    bench.write('file', '');
    fs.truncateSync(path.join(bench.source, 'file'), 1_000_000);
    fs.appendFileSync(path.join(bench.source, 'file'), content);
    expect(bench.copy('file')).toMatchObject({ method: 'read_write' });
    expect(bench.read('file').equals(Buffer.concat([Buffer.alloc(1_000_000), content]))).toBe(true);
  });

  test('R4: a filter that forbids a system call for one file does not switch it off for the process', () => {
    const forbidden = vi.fn(() => -errnoOf('EPERM'));
    using bench = new Bench(() => ({ ioctl: forbidden, copyFileRange: forbidden }));
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ method: 'read_write' });
    expect(bench.read('file').equals(content)).toBe(true);

    using later = new Bench(() => ({ ioctl: pretendToClone }));
    later.write('file', content);
    expect(later.copy('file')).toMatchObject({ method: 'ficlone' });
  });

  test.each(['EOPNOTSUPP', 'EIO', 'EPERM', 'ENOENT', 'EACCES', 'EINVAL'])(
    'R5: %s from copy_file_range, as network filesystems give it, is followed by read and write',
    (errno) => {
      using bench = new Bench(() => ({ ioctl: noClone, copyFileRange: () => -errnoOf(errno) }));
      bench.write('file', content);
      expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: content.length });
      expect(bench.read('file').equals(content)).toBe(true);
    },
  );

  test.each(['EXDEV', 'EIO', 'EINVAL'])(
    'R6: copy_file_range that fails with %s after a part leaves exactly the bytes of the source',
    (errno) => {
      let calls = 0;
      using bench = new Bench((real) => ({
        ioctl: noClone,
        copyFileRange: (from, to) =>
          calls++ === 0 ? real.copyFileRange(from, to, 123_457) : -errnoOf(errno),
      }));
      bench.write('file', content);
      expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: content.length });
      expect(bench.read('file').equals(content)).toBe(true);
    },
  );

  test.each([0, 4096])(
    'R9: a clone that claims success with %i bytes in place is an error, and the old file stays',
    (bytes) => {
      using bench = new Bench((real) => ({
        ioctl: (destination) => real.ftruncate(destination, bytes),
      }));
      bench.write('file', content);
      expect(bench.copy('file')).toMatchObject({ code: 'EIO', method: 'ficlone' });
      expect(bench.names).toEqual([]);
      bench.writeExisting('file', 'old');
      expect(bench.copy('file')).toMatchObject({ code: 'EIO', method: 'ficlone' });
      expect(bench.names).toEqual(['file']);
      expect(bench.read('file').toString()).toBe('old');
    },
  );

  test.each(['EIO', 'ENOSPC', 'EDQUOT'])('R22: %s while cloning is not hidden by a copy', (errno) => {
    const copyFileRange = vi.fn(() => -1);
    using bench = new Bench(() => ({ ioctl: () => -errnoOf(errno), copyFileRange }));
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ code: errno, method: 'ficlone' });
    expect(copyFileRange).not.toHaveBeenCalled();
  });

  test('R23: copies that succeed do not make the pair look as if it could clone', () => {
    const ioctl = vi.fn(noClone);
    using bench = new Bench(() => ({ ioctl }));
    for (const name of ['one', 'two', 'three', 'four']) {
      bench.write(name, content);
      expect(bench.copy(name)).toMatchObject({ method: 'copy_file_range' });
    }
    expect(ioctl).toHaveBeenCalledTimes(1);
  });

  test('R25: O_DIRECT that is refused at the first transfer is followed by a copy through the cache', () => {
    using bench = new Bench(
      (real) => ({
        write: (fd, buffer, size) => (size % 4096 === 0 ? -errnoOf('EINVAL') : real.write(fd, buffer, size)),
      }),
      direct,
    );
    bench.write('file', content.subarray(0, 4097));
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 4097 });
  });

  test.each(['trailing', 'growing', 'shrinking'])('R29: looking for holes ends for a %s file', (kind) => {
    let looked = 0;
    using bench: Bench = new Bench((real) => ({
      ioctl: noClone,
      fstatfs: answering(EXT4_SUPER_MAGIC),
      lseek(fd, offset, whence) {
        if (whence >= 3 && looked++ === 1 && kind !== 'trailing') {
          fs.truncateSync(path.join(bench.source, 'file'), kind === 'growing' ? 3_000_000 : 100_000);
        }
        return real.lseek(fd, offset, whence);
      },
    }));
    bench.write('file', content);
    fs.truncateSync(path.join(bench.source, 'file'), 2_000_000);
    expect(bench.copy('file')).toMatchObject({ method: expect.any(String) });
    expect(bench.read('file').equals(fs.readFileSync(path.join(bench.source, 'file')))).toBe(true);
  });

  describe('R10: what a filesystem says of holes', () => {
    const data = Buffer.concat([content, Buffer.alloc(1_000_000)]);
    const lying = [
      { lie: 'that there is no data', lseek: () => -errnoOf('ENXIO') },
      { lie: 'that the data begin at the end', lseek: () => data.length },
    ];
    const untold = [...['fuse', 'overlay', '9p', 'squashfs'].map(typeOf), 0x1234];
    const copying = ['zfs', 'nfs', 'cifs', 'smb2'].map(typeOf);
    const told = ['ext4', 'xfs', 'btrfs', 'tmpfs'].map(typeOf);

    /** Copies {@link data}, whose end is a hole. */
    function copied(type: number, settings: Partial<TransferSettings>, seek: () => number) {
      const seeks: number[] = [];
      using bench = new Bench(
        (real) => ({
          ioctl: noClone,
          fstatfs: answering(type),
          lseek(fd, offset, whence) {
            if (whence < SEEK_DATA) return real.lseek(fd, offset, whence);
            seeks.push(offset);
            return seek();
          },
        }),
        settings,
      );
      bench.write('file', content);
      fs.truncateSync(path.join(bench.source, 'file'), data.length);
      const result = bench.copy('file');
      const copy = bench.read('file');
      const { blocks } = fs.statSync(path.join(bench.destination, 'file'));
      return { result, seeks: seeks.length, isRight: copy.equals(data), allocated: blocks * 512 };
    }

    const ways = [
      { settings: {}, method: 'read_write' },
      { settings: never, method: 'read_write' },
      { settings: direct, method: 'direct' },
    ] as const;

    describe.each(lying)('$lie', ({ lseek }) => {
      test.each(ways)('is not asked for where it may be wrong, with $settings', ({ settings, method }) => {
        for (const type of untold) {
          const { allocated, ...rest } = copied(type, settings, lseek);
          const result = { method, bytes: data.length };
          expect(rest, type.toString(16)).toEqual({ result, seeks: 0, isRight: true });
          expect(allocated).toBeLessThan(content.length + 8192);
        }
      });

      test('does not matter where the filesystem copies by itself', () => {
        for (const type of copying) {
          const result = { method: 'copy_file_range', bytes: data.length };
          expect(copied(type, {}, lseek), type.toString(16)).toMatchObject({
            result,
            seeks: 0,
            isRight: true,
          });
        }
      });
    });

    test('is asked for where it is true', () => {
      for (const type of told) expect(copied(type, {}, () => data.length).seeks, type.toString(16)).toBe(1);
    });

    test('is read instead where nothing can be asked', () => {
      using bench = new Bench(() => ({ ioctl: noClone, fstatfs: () => -errnoOf('ENOSYS') }));
      bench.write('file', content);
      fs.truncateSync(path.join(bench.source, 'file'), data.length);
      expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: data.length });
      expect(bench.read('file').equals(data)).toBe(true);
    });

    test('is not asked for a file that has all its blocks', () => {
      const fstatfs = vi.fn(() => -errnoOf('ENOSYS'));
      using bench = new Bench(() => ({ ioctl: noClone, fstatfs }));
      bench.write('file', content);
      expect(bench.copy('file')).toMatchObject({ method: 'copy_file_range' });
      expect(fstatfs).not.toHaveBeenCalled();
    });
  });

  test('R30: a clone that is to be tried again is tried a few times, then the file is copied', () => {
    const ioctl = vi.fn(() => -errnoOf('EAGAIN'));
    using bench = new Bench(() => ({ ioctl }));
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ method: 'copy_file_range' });
    expect(ioctl).toHaveBeenCalledTimes(4);
  });

  test('R30: a clone that works at the second try counts as one', () => {
    let calls = 0;
    using bench = new Bench(() => ({
      ioctl: (...args) => (calls++ === 0 ? -errnoOf('EAGAIN') : pretendToClone(...args)),
    }));
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ method: 'ficlone' });
    expect(bench.read('file').equals(content)).toBe(true);
  });
});

/** An `fstatfs` that reports the number of a filesystem. */
function answering(type: number): Bindings['fstatfs'] {
  return (_fd, buffer) => {
    buffer.set([type, 0]);
    return 0;
  };
}

/** One file and its copy by node:fs. */
function portableFile() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-portable-'));
  const source = path.join(root, 'file');
  fs.writeFileSync(source, content);
  const options = { cwd: root, entries: true, ...never };
  const run = () => copyBy(portableSystem('a test'), { from: 'file', to: 'out' }, options);
  return { root, source, run };
}
