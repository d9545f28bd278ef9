import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyFileSync } from 'fs-reflink';
import { describe, expect, test, vi } from 'vitest';
import { noteWindowsError } from '../../packages/core/src/platform/detail.ts';
import { EISDIR } from '../../packages/core/src/platform/errno.ts';
import { type Bindings, loadBindings } from '../../packages/core/src/platform/win32/bindings.ts';
import { rename, symlink, unlink } from '../../packages/core/src/platform/win32/names.ts';
import { win32System } from '../../packages/core/src/platform/win32/win32.ts';
import { isStaleTemporary, temporaryName } from '../../packages/core/src/transfer/temporary.ts';
import { SystemBench } from '../support/system-bench.ts';
import { CLOUD, failing, failure, JUNCTION, WindowsBench, withTag } from './bench.ts';
import { describeOnWindows, workspace } from './support.ts';

const READ_ONLY = 0x1;
const HIDDEN = 0x2;
const DIRECTORY = 0x10;
const REPARSE_POINT = 0x400;

/** As Windows, where root may not do everything: what is read-only can neither be replaced nor deleted. */
function strict(real: Bindings, otherwise: Partial<Bindings> = {}): Bindings {
  const isReadOnly = (path: string) => {
    const attributes = real.getFileAttributes(path);
    return attributes >= 0 && (attributes & READ_ONLY) !== 0;
  };
  const bindings = { ...real, ...otherwise };
  return {
    ...bindings,
    moveFile: (from, to, flags) => (isReadOnly(to) ? failure(5) : bindings.moveFile(from, to, flags)),
    deleteFile: (path) => (isReadOnly(path) ? failure(5) : bindings.deleteFile(path)),
    createFile(path, access, ...rest) {
      const writes = (access & 0x4000_0000) !== 0;
      return writes && isReadOnly(path) ? failure(5) : bindings.createFile(path, access, ...rest);
    },
  };
}

/** Fails as the functions themselves do: the Windows error is kept beside its number. */
function refuse(code: number): number {
  const result = failure(code);
  noteWindowsError(-result, code);
  return result;
}

describeOnWindows('what is read-only', () => {
  test('R20: is replaced', () => {
    using bench = new WindowsBench(strict);
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    chmodSync(join(bench.destination, 'file'), 0o444);
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 3 });
    expect(bench.read('file').toString()).toBe('new');
    expect(bench.names).toEqual(['file']);
    expect(statSync(join(bench.destination, 'file')).mode & 0o777).toBe(0o666);
  });

  test('is read-only again when it could not be replaced', () => {
    using bench = new WindowsBench((real) => strict(real, { moveFile: () => failure(112) }));
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    chmodSync(join(bench.destination, 'file'), 0o444);
    expect(bench.copy('file')).toMatchObject({ code: 'ENOSPC' });
    expect(bench.read('file').toString()).toBe('old');
    expect(bench.names).toEqual(['file']);
    expect(statSync(join(bench.destination, 'file')).mode & 0o777).toBe(0o444);
  });

  test.each(['file', 'full'] as const)('reaches the disk, durability %s', (durability) => {
    const flushed: number[] = [];
    using bench = new WindowsBench(
      (real) =>
        strict(real, {
          flushFileBuffers: (handle) => {
            flushed.push(handle);
            return real.flushFileBuffers(handle);
          },
        }),
      { durability },
    );
    bench.write('file', 'content');
    chmodSync(join(bench.source, 'file'), 0o444);
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 7 });
    expect(flushed).toHaveLength(1);
    expect(statSync(join(bench.destination, 'file')).mode & 0o777).toBe(0o444);
    expect(bench.open).toEqual(new Set());
  });

  test('is removed when the copy that made it fails', () => {
    using bench = new WindowsBench((real) => strict(real, { flushFileBuffers: () => failure(23) }), {
      durability: 'file',
    });
    bench.write('file', 'content');
    chmodSync(join(bench.source, 'file'), 0o444);
    expect(bench.copy('file')).toMatchObject({ code: 'EIO' });
    expect(bench.names).toEqual([]);
  });
});

describeOnWindows('what is hidden', () => {
  test('is copied and replaced', () => {
    const real = loadBindings();
    using bench = new WindowsBench();
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    for (const directory of [bench.source, bench.destination]) {
      expect(real.setFileAttributes(join(directory, 'file'), HIDDEN)).toBe(1);
    }
    expect(bench.copy('file')).toEqual({ method: 'copy_file_ex', bytes: 3 });
    expect(bench.read('file').toString()).toBe('new');
    expect(real.getFileAttributes(join(bench.destination, 'file')) & HIDDEN).toBe(HIDDEN);
  });
});

describeOnWindows('a file in use', () => {
  const REPLACE = 1;

  test.each([5, 32, 33])('%i: replacing it is tried again', (code) => {
    const waits = failing(code, 3, (real: Bindings, ...args: [string, string, number]) =>
      real.moveFile(...args),
    );
    using bench = new WindowsBench((real) => ({ moveFile: (...args) => waits(real, ...args) }));
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 3 });
    expect(bench.read('file').toString()).toBe('new');
  });

  test.each([
    [5, 'EPERM'],
    [32, 'EBUSY'],
    [33, 'EBUSY'],
  ])('%i: replacing it is given up after a second or so, and the old file stays', (code, name) => {
    const moveFile = vi.fn(() => failure(code));
    using bench = new WindowsBench(() => ({ moveFile }));
    bench.write('file', 'new');
    bench.writeExisting('file', 'old');
    expect(bench.copy('file')).toMatchObject({ code: name });
    expect(moveFile.mock.calls.length).toBeGreaterThan(5);
    expect(moveFile.mock.calls.length).toBeLessThan(20);
    expect(bench.read('file').toString()).toBe('old');
    expect(bench.names).toEqual(['file']);
  });

  test('is opened once it is free', () => {
    let left = 3;
    using bench = new WindowsBench((real) => ({
      createFile: (...args) =>
        args[0].endsWith('file') && left-- > 0 ? failure(32) : real.createFile(...args),
    }));
    bench.write('file', 'content');
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 7 });
    expect(left).toBeLessThan(0);
  });

  test('that nobody else may open is refused by name, with the Windows error', () => {
    const root = workspace();
    const file = join(root, 'file');
    writeFileSync(file, 'content');
    const real = loadBindings();
    const handle = real.createFile(file, 0x8000_0000, 0, 3, 0);
    expect(handle).toBeGreaterThan(0);
    try {
      expect(() => copyFileSync(file, join(root, 'copy'))).toThrow(
        expect.objectContaining({
          code: 'EBUSY',
          source: file,
          destination: join(root, 'copy'),
          message: expect.stringContaining('Windows error 32'),
        }),
      );
      expect(existsSync(join(root, 'copy'))).toBe(false);
    } finally {
      real.closeHandle(handle);
    }
    expect(copyFileSync(file, join(root, 'copy'))).toEqual({ method: 'read_write', bytes: 7 });
  });

  test('is not replaced where it must not exist', () => {
    const moveFile = vi.fn((_from: string, _to: string, flags: number) =>
      flags & REPLACE ? 1 : failure(183),
    );
    expect(rename({ ...loadBindings(), moveFile }, 'from', 'to', false)).toBe(failure(183));
    expect(moveFile).toHaveBeenCalledTimes(1);
  });
});

describeOnWindows('links', () => {
  const link = DIRECTORY | REPARSE_POINT;

  test('R17: a link to a directory steps aside for a file, and is removed as a link', () => {
    const calls: string[] = [];
    const bindings: Bindings = {
      ...loadBindings(),
      ...withTag(JUNCTION),
      getFileAttributes: () => link,
      moveFile: (from, to, flags) => {
        calls.push(`${from} > ${to}`);
        return flags ? failure(5) : 1;
      },
      removeDirectory: (path) => calls.push(`remove ${path}`),
    };
    const name = temporaryName();
    expect(rename(bindings, name, 'name', true)).toBe(1);
    const aside = calls[1]!.slice('name > '.length);
    expect(calls).toEqual([`${name} > name`, `name > ${aside}`, `${name} > name`, `remove ${aside}`]);
    // If the process is killed meanwhile, a later one deletes what it left.
    expect(isStaleTemporary(aside.replace(`-${process.pid}-`, '-999999999-'), () => 0)).toBe(true);
  });

  test('R17: it comes back when the file cannot take its place', () => {
    const calls: string[] = [];
    const bindings: Bindings = {
      ...loadBindings(),
      ...withTag(JUNCTION),
      getFileAttributes: () => link,
      moveFile: (from, to, flags) => {
        calls.push(`${from} > ${to}`);
        return flags ? failure(5) : from === 'new.tmp' ? failure(112) : 1;
      },
      removeDirectory: () => {
        throw new Error('it is still needed');
      },
    };
    expect(rename(bindings, 'new.tmp', 'name', true)).toBe(failure(112));
    expect(calls.at(-1)).toBe('newold.tmp > name');
  });

  test('a directory is not replaced, and not waited for', () => {
    const moveFile = vi.fn(() => failure(5));
    const bindings = { ...loadBindings(), getFileAttributes: () => DIRECTORY, moveFile };
    expect(rename(bindings, 'new', 'name', true)).toBeLessThan(0);
    expect(moveFile).toHaveBeenCalledTimes(1);
  });

  test('a link to a directory is unlinked as one, a directory never', () => {
    const removeDirectory = vi.fn(() => 1);
    const bindings = { ...loadBindings(), deleteFile: () => failure(5), removeDirectory };
    const junction = { ...bindings, ...withTag(JUNCTION), getFileAttributes: () => link };
    expect(unlink(junction, 'name')).toBe(1);
    expect(unlink({ ...bindings, getFileAttributes: () => DIRECTORY }, 'name')).toBe(failure(5));
    expect(removeDirectory).toHaveBeenCalledTimes(1);
  });

  test('a read-only link to a directory is deleted, and its attribute cleared before', () => {
    const calls: string[] = [];
    const bindings: Bindings = {
      ...loadBindings(),
      ...withTag(JUNCTION),
      getFileAttributes: () => link | READ_ONLY,
      deleteFile: () => failure(5),
      setFileAttributes: (_path, attributes) => calls.push(`attributes ${attributes}`),
      removeDirectory: (path) => calls.push(`remove ${path}`),
    };
    expect(unlink(bindings, 'name')).toBeGreaterThan(0);
    expect(calls).toEqual([`attributes ${link}`, 'remove name']);
  });

  test('a directory of OneDrive is a directory: no file replaces it, and it is not unlinked', () => {
    const bindings: Bindings = {
      ...loadBindings(),
      ...withTag(CLOUD),
      getFileAttributes: () => link,
      deleteFile: () => failure(5),
      moveFile: (_from, _to, flags) => (flags ? failure(5) : 1),
      removeDirectory: () => {
        throw new Error('it is not a link');
      },
    };
    expect(rename(bindings, 'new.tmp', 'name', true)).toBe(-EISDIR);
    expect(unlink(bindings, 'name')).toBe(failure(5));
  });

  describe('R28: symbolic links', () => {
    const flagsOf = (answers: number[], toDirectory: boolean) => {
      const flags: number[] = [];
      const createSymbolicLink: Bindings['createSymbolicLink'] = (_path, target, given) => {
        expect(target).toBe('..\\a\\b');
        flags.push(given);
        return answers.shift()!;
      };
      const result = symlink({ ...loadBindings(), createSymbolicLink }, 'name', '../a/b', toDirectory);
      return { flags, result };
    };

    test('are made as Developer Mode allows them', () => {
      expect(flagsOf([1], false)).toEqual({ flags: [2], result: 1 });
      expect(flagsOf([1], true)).toEqual({ flags: [3], result: 1 });
    });

    test('are made also where the flag for that is not known', () => {
      expect(flagsOf([failure(87), 1], true)).toEqual({ flags: [3, 1], result: 1 });
    });

    test('that may not be made are refused, with what is missing', () => {
      const system = win32System({ ...loadBindings(), createSymbolicLink: () => refuse(1314) });
      using bench = new SystemBench({
        ...system,
        readLink: () => Buffer.from('target'),
        status(directory, name, follow, into) {
          const result = system.status(directory, name, follow, into);
          into.mode = 0o120_666;
          return result;
        },
      });
      bench.write('link', '');
      expect(() => bench.link('link')).toThrow(
        expect.objectContaining({
          code: 'EPERM',
          syscall: 'symlink',
          message: expect.stringMatching(/Windows error 1314.*Developer Mode.*SeCreateSymbolicLinkPrivilege/),
        }),
      );
      expect(bench.names).toEqual([]);
    });
  });
});
