import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import {
  type Bindings,
  inode64,
  loadBindings,
  prototypes,
  symbolOf,
  TYPES,
} from '../../packages/core/src/platform/darwin/bindings.ts';
import { constants as C, layouts } from '../../packages/core/src/platform/darwin/constants.ts';
import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import { koffiTypes } from '../../packages/core/src/platform/posix/bindings.ts';
import { onDisk } from '../../packages/core/src/platform/raw-names.ts';
import { FileStatus, SIGNATURE_WORDS } from '../../packages/core/src/platform/status.ts';
import type { Directory, System } from '../../packages/core/src/platform/system.ts';
import { copyBy } from '../support/copy-by.ts';
import { allocatedBytes } from '../support/extents.ts';
import { mountFilesystem } from '../support/filesystems.ts';
import { errnoOf, openDescriptors } from '../support/injected.ts';
import { Bench, buildDouble, controls, describeMacos, doubleBindings, koffi } from './double.ts';

const MiB = 1024 * 1024;

describe('the tables', () => {
  test('prototypes become koffi types', () => {
    expect(koffiTypes(prototypes.fclonefileat, TYPES)).toEqual({
      result: 'int',
      parameters: ['int', 'int', 'const char *', 'uint32_t'],
    });
    expect(koffiTypes(prototypes.readlinkat, TYPES).parameters).toEqual([
      'int',
      'const char *',
      'void *',
      'size_t',
    ]);
    expect(koffiTypes(prototypes.lseek, TYPES)).toEqual({
      result: 'int64_t',
      parameters: ['int', 'int64_t', 'int'],
    });
    expect(koffiTypes(prototypes.mkdirat, TYPES).parameters[2]).toBe('uint16_t');
    expect(koffiTypes(prototypes.fstat, TYPES).parameters).toEqual(['int', 'void *']);
    expect(koffiTypes(prototypes.fcopyfile, TYPES).parameters[2]).toBe('void *');
  });

  test.each(['openat', 'fcntl'] as const)('%s is bound as variadic', (name) => {
    const { result, parameters } = koffiTypes(prototypes[name], TYPES);
    const bound = koffi().load(null).func(name, result, parameters) as unknown as {
      info: { arguments: unknown[] };
    };
    // A fixed declaration would have one more.
    expect(bound.info.arguments).toHaveLength(name === 'openat' ? 3 : 2);
    expect(parameters.at(-1)).toBe('...');
  });

  test('functions with a structure of before 2007 are bound by their newer name, where there are two', () => {
    for (const name of inode64) {
      expect(symbolOf(name, 'x64')).toBe(`${name}$INODE64`);
      expect(symbolOf(name, 'arm64')).toBe(name);
    }
    expect(symbolOf('openat', 'x64')).toBe('openat');
  });
});

describeMacos('functions', [], () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-macos-'));
    writeFileSync(join(home, 'file'), 'content');
    execFileSync('chmod', ['4751', join(home, 'file')]);
    mkdirSync(join(home, 'directory'));
    symlinkSync('file', join(home, 'link'));
    linkSync(join(home, 'file'), join(home, 'hard'));
    writeFileSync(join(home, 'huge'), '');
    truncateSync(join(home, 'huge'), 5 * 1024 ** 3 + 1);
    for (const [name, date] of [
      ['old', '1969-07-20T20:17:40.123456789Z'],
      ['late', '2200-01-01T00:00:00.999999999Z'],
    ] as const) {
      writeFileSync(join(home, name), '');
      execFileSync('touch', ['-d', date, join(home, name)]);
    }
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const withHome = <T>(system: System, use: (directory: Directory) => T): T => {
    const directory = system.openDirectory(home);
    if (typeof directory === 'number') throw new Error(`errno ${directory}`);
    try {
      return use(directory);
    } finally {
      system.closeDirectory(directory);
    }
  };
  const statusOf = (system: System, name: string, follow = false): FileStatus =>
    withHome(system, (directory) => {
      const status = new FileStatus();
      expect(system.status(directory, name, follow, status)).toBeGreaterThanOrEqual(0);
      return status;
    });

  const plain = (status: FileStatus) => {
    const { mode, uid, gid, size, blocks, isRegular, isDirectory, isLink } = status;
    const at = (seconds: number, nanoseconds: number) =>
      BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    return {
      ...{ mode, uid, gid, size, blocks, isRegular, isDirectory, isLink },
      accessed: at(status.accessedSeconds, status.accessedNanoseconds),
      modified: at(status.modifiedSeconds, status.modifiedNanoseconds),
      changed: at(status.changedSeconds, status.changedNanoseconds),
    };
  };
  const expected = (path: string) => {
    const stats = lstatSync(path, { bigint: true });
    const [mode, uid, gid, size, blocks] = [stats.mode, stats.uid, stats.gid, stats.size, stats.blocks].map(
      Number,
    );
    return {
      ...{ mode, uid, gid, size, blocks },
      isRegular: stats.isFile(),
      isDirectory: stats.isDirectory(),
      isLink: stats.isSymbolicLink(),
      accessed: stats.atimeNs,
      modified: stats.mtimeNs,
      changed: stats.ctimeNs,
    };
  };

  test('an empty directory is removed, a link to one and one with something in it are not', () => {
    const system = darwinSystem(doubleBindings());
    for (const name of ['empty', 'full', 'full/within']) mkdirSync(join(home, name));
    symlinkSync('empty', join(home, 'led'));
    withHome(system, (directory) => {
      expect(system.removeDirectory(directory, 'led')).toBe(-errnoOf('ENOTDIR'));
      expect(system.removeDirectory(directory, 'full')).toBe(-errnoOf('ENOTEMPTY'));
      expect(system.unlink(directory, 'empty')).toBe(-errnoOf('EPERM'));
      expect(system.removeDirectory(directory, 'empty')).toBe(0);
      expect(existsSync(join(home, 'empty'))).toBe(false);
    });
  });

  test('a file and a directory whose names are not UTF-8 are opened and deleted', () => {
    const system = darwinSystem(doubleBindings());
    const [name, within] = ['dir\udcff', 'file\udcfe'];
    mkdirSync(onDisk(join(home, name!)));
    writeFileSync(onDisk(join(home, name!, within!)), '');
    withHome(system, (directory) => {
      const child = system.openChild(directory, name!) as Directory;
      expect(child.path).toBe(join(home, 'dir\udcff'));
      expect(system.unlink(child, within!)).toBe(0);
      system.closeDirectory(child);
      expect(system.removeDirectory(directory, name!)).toBe(0);
    });
  });

  describe.each(['x64', 'arm64'])('as on %s', (arch) => {
    test.each(['file', 'directory', 'link', 'huge', 'old', 'late'])(
      'the status of %s is what lstat says',
      (name) => {
        const system = darwinSystem(doubleBindings(arch));
        expect(plain(statusOf(system, name))).toEqual(expected(join(home, name)));
        expect(plain(statusOf(system, 'link', true))).toEqual(expected(join(home, 'file')));
        const fd = openSync(join(home, 'huge'), 'r');
        const status = new FileStatus();
        expect(system.fileStatus(fd, status)).toBeGreaterThanOrEqual(0);
        closeSync(fd);
        expect(plain(status)).toEqual(expected(join(home, 'huge')));
      },
    );
  });

  test('the old structures would be noticed', () => {
    const wrong = darwinSystem(loadBindings({ library: buildDouble('x64'), arch: 'arm64' }));
    expect(plain(statusOf(wrong, 'file'))).not.toEqual(expected(join(home, 'file')));
  });

  test('files and devices are told apart as node:fs tells them', () => {
    const system = darwinSystem(doubleBindings());
    expect(statusOf(system, 'file').isSameFile(statusOf(system, 'hard'))).toBe(true);
    expect(statusOf(system, 'file').isSameFile(statusOf(system, 'link'))).toBe(false);
    // major 1, minor 4, as macOS numbers its first volume
    const words = new Uint32Array(layouts['struct stat'].size / 4);
    words[0] = 0x0100_0004;
    const [native, filled] = [new FileStatus(), new FileStatus()];
    const over = darwinSystem({
      ...doubleBindings(),
      fstat: (_fd, buffer) => {
        (buffer as Uint32Array).set(words);
        return 0;
      },
    });
    over.fileStatus(0, native);
    filled.fill({ ...lstatSync(home, { bigint: true }), dev: 0x0100_0004n } as never);
    expect(native.device).toBe(filled.device);
  });

  test('a signature holds the mode and not the number of links', () => {
    const words = new Uint32Array(SIGNATURE_WORDS);
    statusOf(darwinSystem(doubleBindings()), 'file').sign(words, 0);
    expect(words.at(-1)).toBe(lstatSync(join(home, 'file')).mode);
  });

  test('what this macOS does not have answers ENOSYS', () => {
    // glibc has the rest under the plain names.
    const { fclonefileat, fcopyfile, getattrlist, renameatx, clonefileat } = loadBindings({ arch: 'arm64' });
    for (const result of [
      fclonefileat(0, 0, '', 0),
      clonefileat(0, '', 0, '', 0),
      fcopyfile(0, 0, 0),
      renameatx(0, '', 0, '', 0),
      getattrlist('', Buffer.alloc(0), Buffer.alloc(0), 0, 0),
    ]) {
      expect(result).toBe(-os.constants.errno.ENOSYS);
    }
  });

  test('an exclusive rename replaces nothing', () => {
    const system = darwinSystem(doubleBindings());
    withHome(system, (directory) => {
      writeFileSync(join(home, 'from'), 'new');
      expect(system.renameExclusive(directory, 'from', 'file')).toBe(-errnoOf('EEXIST'));
      expect(system.renameExclusive(directory, 'from', 'renamed')).toBe(0);
      rmSync(join(home, 'renamed'));
    });
  });

  test.each(['E2BIG', 'ERANGE'])(
    'an attribute that is too large for the destination (%s) is told',
    (errno) => {
      const system = darwinSystem({ ...doubleBindings(), fcopyfile: () => -errnoOf(errno) });
      const lost: unknown[] = [];
      const note = (...given: unknown[]) => void lost.push(given);
      expect(system.copyAttributes(0, 1, { xattr: true, acl: false }, note)).toBe(0);
      expect(lost).toEqual([['xattr', errnoOf(errno)]]);
    },
  );

  test.each(['EINVAL', 'ENOSYS', 'ENOTSUP'])(
    'an exclusive rename that is answered with %s is a link',
    (errno) => {
      const system = darwinSystem({ ...doubleBindings(), renameatx: () => -errnoOf(errno) });
      withHome(system, (directory) => {
        writeFileSync(join(home, 'from'), 'new');
        expect(system.renameExclusive(directory, 'from', 'file')).toBe(-errnoOf('EEXIST'));
        expect(system.renameExclusive(directory, 'from', 'renamed')).toBe(0);
        expect(lstatSync(join(home, 'renamed')).nlink).toBe(1);
        rmSync(join(home, 'renamed'));
      });
    },
  );

  test('a link at the place of a directory, and a missing one, are refused', () => {
    const system = darwinSystem(doubleBindings());
    withHome(system, (directory) => {
      symlinkSync('directory', join(home, 'linked'));
      expect([-errnoOf('ELOOP'), -errnoOf('ENOTDIR')]).toContain(system.openChild(directory, 'linked'));
      expect(system.openChild(directory, 'none')).toBe(-errnoOf('ENOENT'));
    });
  });
});

const noClone = { fclonefileat: () => -errnoOf('ENOTSUP') };
const never = { reflink: 'never' } as const;

describeMacos('copies', ['ext4'], () => {
  const dense = randomBytes(20 * MiB);
  afterEach(() => {
    controls().haveContiguousSpace(1);
    controls().takeReserved();
  });

  /** Notes the commands that fcntl gets. */
  const noting = (calls: string[], { fcntl, fcntlMemory }: Bindings): Partial<Bindings> => {
    const name = (command: number) =>
      Object.entries(C).find(([key, value]) => key.startsWith('F_') && value === command)![0];
    return {
      fcntl(fd, command, argument) {
        calls.push(`${name(command)} ${argument}`);
        return fcntl(fd, command, argument);
      },
      fcntlMemory(fd, command, argument) {
        calls.push(name(command));
        return fcntlMemory(fd, command, argument);
      },
    };
  };

  test.each([1, 0])('a large file gets its blocks ahead, contiguous space: %i', (has) => {
    using ext4 = mountFilesystem('ext4');
    const calls: string[] = [];
    using bench = new Bench((real) => noting(calls, real), never, { destination: ext4.path });
    bench.write('file', dense);
    controls().haveContiguousSpace(has);
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: dense.length });
    expect(controls().takeReserved()).toBe(dense.length);
    expect(calls).toEqual(has ? ['F_PREALLOCATE'] : ['F_PREALLOCATE', 'F_PREALLOCATE']);
    expect(bench.read('file').equals(dense)).toBe(true);
    expect(allocatedBytes(join(bench.destination, 'file'))).toBeLessThan(dense.length + MiB);
  });

  test('a small or sparse file gets none', () => {
    using ext4 = mountFilesystem('ext4');
    using bench = new Bench(() => ({}), never, { source: ext4.path, destination: ext4.path });
    bench.write('small', 'content');
    bench.write('sparse', '');
    truncateSync(join(bench.source, 'sparse'), 40 * MiB);
    for (const name of ['small', 'sparse']) expect(bench.copy(name)).toMatchObject({ method: 'read_write' });
    expect(controls().takeReserved()).toBe(0);
    expect(allocatedBytes(join(bench.destination, 'sparse'))).toBe(0);
  });

  test('a disk without room is noticed before anything is written', () => {
    using ext4 = mountFilesystem('ext4', { sizeMiB: 16 });
    let written = 0;
    using bench = new Bench(
      ({ write }) => ({
        write(...args) {
          written++;
          return write(...args);
        },
      }),
      never,
      { destination: ext4.path },
    );
    bench.write('file', dense);
    expect(bench.copy('file')).toMatchObject({ code: 'ENOSPC', method: 'read_write' });
    expect(written).toBe(0);
    expect(bench.names).toEqual([]);
  });

  test.each(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'])(
    'a filesystem that reserves nothing (%s) is no error',
    (errno) => {
      using ext4 = mountFilesystem('ext4');
      using bench = new Bench(() => ({ fcntlMemory: () => -errnoOf(errno) }), never, {
        destination: ext4.path,
      });
      bench.write('file', dense);
      expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: dense.length });
    },
  );

  test('past the cache: switched on for both files, off again where another strategy follows, and no leak', () => {
    using ext4 = mountFilesystem('ext4');
    const calls: string[] = [];
    let failing = false;
    using bench = new Bench(
      (real) => ({
        ...noting(calls, real),
        write: (...args) => (failing && !(failing = false) ? -errnoOf('EINVAL') : real.write(...args)),
      }),
      { ...never, pageCache: 'bypass' },
      { destination: ext4.path },
    );
    bench.write('file', dense.subarray(0, 100_001));
    const open = openDescriptors();
    expect(bench.copy('file')).toEqual({ method: 'nocache', bytes: 100_001 });
    expect(calls.splice(0)).toEqual(['F_NOCACHE 1', 'F_NOCACHE 1']);
    failing = true;
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 100_001 });
    expect(calls).toEqual(['F_NOCACHE 1', 'F_NOCACHE 1', 'F_NOCACHE 0', 'F_NOCACHE 0']);
    expect(bench.read('file').equals(dense.subarray(0, 100_001))).toBe(true);
    expect(openDescriptors()).toBe(open);
  });

  test('past the cache files are read in whole pages, into memory aligned to them', () => {
    using ext4 = mountFilesystem('ext4');
    const sizes: number[] = [];
    using bench = new Bench(
      ({ read }) => ({
        read(fd, buffer, size) {
          sizes.push(size);
          return read(fd, buffer, size);
        },
      }),
      { ...never, pageCache: 'bypass' },
      { destination: ext4.path },
    );
    bench.write('file', dense.subarray(0, MiB + 5));
    expect(bench.copy('file')).toMatchObject({ method: 'nocache' });
    for (const size of sizes.slice(0, 4)) expect(size % 16_384).toBe(0);
    expect(sizes).toHaveLength(5);
  });

  test.each([true, false, 'error', 'changed'] as const)(
    'a FIFO at the destination is refused with overwrite %s, also behind a link',
    (overwrite) => {
      using bench = new Bench(() => ({}), { overwrite });
      for (const name of ['file', 'link']) bench.write(name, 'content');
      execFileSync('mkfifo', [join(bench.destination, 'file')]);
      symlinkSync('file', join(bench.destination, 'link'));
      for (const name of ['file', 'link'])
        expect(bench.copy(name)).toMatchObject({ code: 'ERR_NOT_REGULAR' });
      expect(lstatSync(join(bench.destination, 'file')).isFIFO()).toBe(true);
      expect(bench.names).toEqual(['file', 'link']);
    },
  );

  test.each([
    { sparse: false, method: 'copyfile', wanted: [C.COPYFILE_DATA] },
    { sparse: true, method: 'read_write', wanted: [] },
  ])('fcopyfile copies dense files only (sparse: $sparse)', ({ sparse, method, wanted }) => {
    using ext4 = mountFilesystem('ext4');
    const flags: number[] = [];
    using bench = new Bench(
      ({ fcopyfile }) => ({
        ...noClone,
        fcopyfile(source, destination, given) {
          flags.push(given);
          return fcopyfile(source, destination, given);
        },
      }),
      {},
      { source: ext4.path, destination: ext4.path },
    );
    bench.write('file', dense.subarray(0, 300_000));
    if (sparse) truncateSync(join(bench.source, 'file'), 3 * MiB);
    expect(bench.copy('file')).toMatchObject({ method });
    expect(flags).toEqual(wanted);
    expect(allocatedBytes(join(bench.destination, 'file'))).toBeLessThan(MiB);
  });

  test.each([
    { settings: {}, method: 'read_write' },
    { settings: never, method: 'read_write' },
    { settings: { pageCache: 'bypass' } as const, method: 'nocache' },
  ])('what APFS calls a hole is read with $settings', ({ settings, method }) => {
    using ext4 = mountFilesystem('ext4');
    // Beginnings and ends of data are asked for by 3 and 4.
    using bench = new Bench(
      ({ lseek, fstat }) => ({
        ...noClone,
        lseek: (fd, offset, whence) => (whence > 2 ? -os.constants.errno.ENXIO : lseek(fd, offset, whence)),
        fstat(fd, buffer) {
          const result = fstat(fd, buffer);
          buffer.fill(0, layouts['struct stat'].st_blocks / 4, layouts['struct stat'].st_blocks / 4 + 2);
          return result;
        },
      }),
      settings,
      { source: ext4.path, destination: ext4.path },
    );
    bench.write('file', dense.subarray(0, 300_000));
    expect(bench.copy('file')).toEqual({ method, bytes: 300_000 });
    expect(bench.read('file').equals(dense.subarray(0, 300_000))).toBe(true);
  });

  test('R1: a source that is cut short while fcopyfile copies it is copied as it is then', () => {
    using ext4 = mountFilesystem('ext4');
    let cut = false;
    using bench: Bench = new Bench(
      ({ fcopyfile }) => ({
        ...noClone,
        fcopyfile(...args) {
          if (!cut) truncateSync(join(bench.source, 'file'), 1000);
          cut = true;
          return fcopyfile(...args);
        },
      }),
      {},
      { destination: ext4.path },
    );
    bench.write('file', dense.subarray(0, 300_000));
    expect(bench.copy('file')).toMatchObject({ bytes: 1000 });
    expect(bench.read('file').equals(dense.subarray(0, 1000))).toBe(true);
  });
});

describeMacos('durability', [], () => {
  /** Copies two directories with a file each; says what was put on the disk, and how. */
  function copyTree(durability: TransferSettings['durability'], overrides: Partial<Bindings> = {}) {
    const root = mkdtempSync(join(tmpdir(), 'fs-reflink-durability-'));
    for (const name of ['one', 'two']) {
      mkdirSync(join(root, 'from', name), { recursive: true });
      writeFileSync(join(root, 'from', name, 'file'), 'content');
    }
    const real = { ...doubleBindings(), ...overrides };
    const synced: string[] = [];
    const note = (call: string, fd: number) =>
      synced.push(`${call} ${relative(root, readlinkSync(`/proc/self/fd/${fd}`))}`);
    const system = darwinSystem({
      ...real,
      fsync(fd) {
        note('fsync', fd);
        return real.fsync(fd);
      },
      fcntl(fd, command, argument) {
        note(command === C.F_FULLFSYNC ? 'full' : 'barrier', fd);
        return real.fcntl(fd, command, argument);
      },
    });
    const { error } = copyBy(system, { from: 'from', to: 'to' }, { cwd: root, durability });
    const placed = statSync(join(root, 'to/one/file'), { throwIfNoEntry: false })?.isFile() ?? false;
    rmSync(root, { recursive: true });
    return { synced, error, placed };
  }
  const cannot = (...commands: number[]): Partial<Bindings> => ({
    fcntl: (_fd, command) => (commands.includes(command) ? -errnoOf('ENOTSUP') : 0),
  });

  test('none leaves it to the system', () => {
    expect(copyTree('none').synced).toEqual([]);
  });

  test('file flushes each file to the medium', () => {
    expect(copyTree('file').synced.sort()).toEqual(['full to/one/file', 'full to/two/file']);
  });

  test('full flushes directories too, those above new ones included', () => {
    const { synced } = copyTree('full');
    expect(synced).toEqual(expect.arrayContaining(['full to/one/file', 'full to/two/file']));
    expect(synced).toEqual(expect.arrayContaining(['full ', 'full to', 'full to/one', 'full to/two']));
  });

  test('a volume without a full flush gets a barrier, and one without that fsync', () => {
    expect(copyTree('file', cannot(C.F_FULLFSYNC)).synced.slice(0, 2)).toEqual([
      'full to/one/file',
      'barrier to/one/file',
    ]);
    expect(copyTree('file', cannot(C.F_FULLFSYNC, C.F_BARRIERFSYNC)).synced.slice(0, 3)).toEqual([
      'full to/one/file',
      'barrier to/one/file',
      'fsync to/one/file',
    ]);
  });

  test('a disk that cannot keep the data is an error, and the file is removed', () => {
    const { error, placed, synced } = copyTree('file', { fcntl: () => -errnoOf('EIO') });
    expect(error).toMatchObject({ code: 'EIO' });
    expect(synced).toEqual(['full to/one/file']);
    expect(placed).toBe(false);
  });
});
