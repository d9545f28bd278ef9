import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Attribute, TransferSettings } from '../../packages/core/src/model/settings.ts';
import { constants as C } from '../../packages/core/src/platform/darwin/constants.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { errnoOf, openDescriptors } from '../support/injected.ts';
import { Bench, controls, describeMacos, type Overrides } from './double.ts';

const KNOWN = C.CLONE_NOFOLLOW | C.CLONE_NOOWNERCOPY;
const content = Buffer.alloc(200_000, 'content');
const noClone: Overrides = () => ({ fclonefileat: () => -errnoOf('ENOTSUP') });
const real: Overrides = () => ({});

describeMacos('clones', ['btrfs'], () => {
  let btrfs: MountedFilesystem;
  beforeAll(() => {
    btrfs = mountFilesystem('btrfs');
  });
  afterAll(() => btrfs?.unmount());
  afterEach(() => controls().knowCloneFlags(KNOWN | C.CLONE_ACL));

  const benchOn = (overrides: Overrides, settings: Partial<TransferSettings> = {}) =>
    new Bench(overrides, settings, { source: btrfs.path, destination: btrfs.path });

  test('share their blocks', () => {
    using bench = benchOn(real);
    bench.write('file', content);
    expect(bench.copy('file')).toEqual({ method: 'clonefile', bytes: content.length });
    expect(sharesExtents(join(bench.source, 'file'), join(bench.destination, 'file'))).toBe(true);
  });

  test('are not opened again for attributes they already have', () => {
    let opened = 0;
    using bench = benchOn(({ openat }) => ({
      openat(...args) {
        opened++;
        return openat(...args);
      },
    }));
    bench.write('file', content);
    opened = 0;
    expect(bench.copy('file')).toMatchObject({ method: 'clonefile' });
    expect(opened).toBe(1);
  });

  describe('a locked file (uchg) is copied, because its clone would be locked and could not be renamed', () => {
    const lock = (bench: Bench, how: '+i' | '-i') =>
      execFileSync('chattr', [how, join(bench.source, 'file')]);

    test.each(['a new file', 'a file that is replaced'])('%s', (as) => {
      using bench = benchOn(real);
      bench.write('file', content);
      if (as !== 'a new file') writeFileSync(join(bench.destination, 'file'), 'old');
      lock(bench, '+i');
      try {
        expect(bench.copy('file')).toMatchObject({ method: 'copyfile' });
      } finally {
        lock(bench, '-i');
      }
      const destination = join(bench.destination, 'file');
      expect(execFileSync('lsattr', [destination], { encoding: 'utf8' }).split(' ')[0]).not.toContain('i');
      expect(readFileSync(destination).equals(content)).toBe(true);
      expect(bench.names).toEqual(['file']);
    });

    test('if it has to be cloned, that is an error, and no file stays', () => {
      using bench = benchOn(real, { reflink: 'always' });
      bench.write('file', content);
      lock(bench, '+i');
      try {
        expect(bench.copy('file')).toEqual({ code: 'EPERM', method: 'clonefile', attempts: [] });
      } finally {
        lock(bench, '-i');
      }
      expect(bench.names).toEqual([]);
    });
  });

  describe('attributes that are not preserved are those of a new file, as in a copy', () => {
    const umask = process.umask();
    beforeAll(() => void process.umask(0o027));
    afterAll(() => void process.umask(umask));

    const ways: [string, Overrides][] = [
      ['clonefile', real],
      ['copyfile', noClone],
    ];
    test.each(
      ways.flatMap(([method, overrides]) => [
        { method, overrides, preserve: [] as Attribute[], mode: '640' },
        { method, overrides, preserve: ['mode'] as Attribute[], mode: '751' },
        { method, overrides, preserve: ['timestamps'] as Attribute[], mode: '640' },
        { method, overrides, preserve: ['mode', 'special'] as Attribute[], mode: '4751' },
      ]),
    )('$method with preserve $preserve', ({ method, overrides, preserve, mode }) => {
      using bench = benchOn(overrides, { preserve });
      bench.write('file', content);
      const [source, destination] = [join(bench.source, 'file'), join(bench.destination, 'file')];
      chmodSync(source, 0o4751);
      execFileSync('touch', ['-d', '2001-01-01', source]);
      const before = Date.now();
      expect(bench.copy('file')).toMatchObject({ method });
      const status = statSync(destination);
      expect((status.mode & 0o7777).toString(8)).toBe(mode);
      if (preserve.includes('timestamps')) expect(status.mtimeMs).toBe(statSync(source).mtimeMs);
      else expect(status.mtimeMs).toBeGreaterThan(before - 1000);
      expect(bench.names).toEqual(['file']);
    });
  });

  const attributesOf = (file: string) =>
    execFileSync('getfattr', ['-d', '--absolute-names', file], { encoding: 'utf8' });
  const aclOf = (file: string) => execFileSync('getfacl', ['-p', file], { encoding: 'utf8' });
  const prepare = (bench: Bench) => {
    bench.write('file', content);
    const source = join(bench.source, 'file');
    execFileSync('setfattr', ['-n', 'user.origin', '-v', 'somewhere', source]);
    execFileSync('setfacl', ['-m', 'u:65534:r', source]);
    return join(bench.destination, 'file');
  };

  test.each([
    { overrides: real, method: 'clonefile', preserve: [], xattr: true, acl: false },
    { overrides: real, method: 'clonefile', preserve: ['xattr'], xattr: true, acl: false },
    { overrides: real, method: 'clonefile', preserve: ['acl'], xattr: true, acl: true },
    { overrides: noClone, method: 'copyfile', preserve: [], xattr: false, acl: false },
    { overrides: noClone, method: 'copyfile', preserve: ['xattr'], xattr: true, acl: false },
    { overrides: noClone, method: 'copyfile', preserve: ['acl'], xattr: false, acl: true },
  ] as const)('$method with $preserve has xattr $xattr, acl $acl', (each) => {
    const { overrides, method, preserve, xattr, acl } = each;
    using bench = benchOn(overrides, { preserve: ['mode', 'timestamps', ...preserve] });
    const destination = prepare(bench);
    expect(bench.copy('file')).toMatchObject({ method });
    expect(attributesOf(destination).includes('user.origin="somewhere"')).toBe(xattr);
    expect(aclOf(destination).includes('user:nobody:r--')).toBe(acl);
    expect(statSync(destination).mtimeMs).toBe(statSync(join(bench.source, 'file')).mtimeMs);
  });

  /** Notes the flags of each call. */
  const noting =
    (flags: number[]): Overrides =>
    ({ fclonefileat }) => ({
      fclonefileat(source, directory, name, given) {
        flags.push(given);
        return fclonefileat(source, directory, name, given);
      },
    });
  const withAcl = { preserve: ['mode', 'timestamps', 'acl'] as const };

  test('a macOS that does not know CLONE_ACL is asked once, and the list arrives all the same', () => {
    controls().knowCloneFlags(KNOWN);
    const flags: number[] = [];
    using bench = benchOn(noting(flags), withAcl);
    const destination = prepare(bench);
    bench.write('second', content);
    expect(bench.copy('file')).toMatchObject({ method: 'clonefile' });
    expect(bench.copy('second')).toMatchObject({ method: 'clonefile' });
    expect(flags).toEqual([KNOWN | C.CLONE_ACL, KNOWN, KNOWN]);
    expect(aclOf(destination)).toContain('user:nobody:r--');
  });

  test('a macOS that knows CLONE_ACL is believed when it answers EINVAL', () => {
    const flags: number[] = [];
    using bench = benchOn(
      ({ fclonefileat }) => ({
        fclonefileat(source, directory, name, given) {
          flags.push(given);
          return flags.length === 2 ? -errnoOf('EINVAL') : fclonefileat(source, directory, name, given);
        },
      }),
      withAcl,
    );
    bench.write('first', content);
    bench.write('second', content);
    expect(bench.copy('first')).toMatchObject({ method: 'clonefile' });
    expect(bench.copy('second')).toMatchObject({ method: 'copyfile' });
    expect(flags).toEqual([KNOWN | C.CLONE_ACL, KNOWN | C.CLONE_ACL]);
  });

  test('EINVAL with and without CLONE_ACL is the file, and says nothing of the flag', () => {
    const flags: number[] = [];
    let refuse = true;
    using bench = benchOn(
      ({ fclonefileat }) => ({
        fclonefileat(source, directory, name, given) {
          flags.push(given);
          return refuse ? -errnoOf('EINVAL') : fclonefileat(source, directory, name, given);
        },
      }),
      withAcl,
    );
    bench.write('first', content);
    bench.write('second', content);
    expect(bench.copy('first')).toMatchObject({ method: 'copyfile' });
    refuse = false;
    expect(bench.copy('second')).toMatchObject({ method: 'clonefile' });
    expect(flags).toEqual([KNOWN | C.CLONE_ACL, KNOWN, KNOWN | C.CLONE_ACL]);
  });

  test.each([
    ['a file', (file: string) => writeFileSync(file, 'theirs')],
    ['a link that leads nowhere', (file: string) => symlinkSync('nowhere', file)],
    ['a link to a file', (file: string) => symlinkSync('../theirs', file)],
  ])('R17: %s that appears at the last moment is replaced, and nothing goes through it', (_title, make) => {
    const theirs = join(btrfs.path, 'theirs');
    writeFileSync(theirs, 'theirs');
    let calls = 0;
    using bench: Bench = benchOn(({ fclonefileat }) => ({
      fclonefileat(...args) {
        if (calls++ === 0) make(join(bench.destination, 'file'));
        return fclonefileat(...args);
      },
    }));
    bench.write('file', content);
    const open = openDescriptors();
    expect(bench.copy('file')).toEqual({ method: 'clonefile', bytes: content.length });
    expect(openDescriptors()).toBe(open);
    expect(calls).toBe(2);
    expect(bench.names).toEqual(['file']);
    expect(bench.read('file').equals(content)).toBe(true);
    expect(readFileSync(theirs, 'utf8')).toBe('theirs');
  });

  test.each([
    [false, { method: undefined, bytes: 0 }],
    ['error', { code: 'EEXIST' }],
  ] as const)(
    'a file that appears at the last moment stays when nothing is to be replaced (overwrite: %j)',
    (overwrite, expected) => {
      using bench: Bench = benchOn(
        ({ fclonefileat }) => ({
          fclonefileat(...args) {
            if (bench.names.length === 0) bench.writeExisting('file', 'theirs');
            return fclonefileat(...args);
          },
        }),
        { overwrite },
      );
      bench.write('file', content);
      expect(bench.copy('file')).toMatchObject(expected);
      expect(bench.names).toEqual(['file']);
      expect(bench.read('file').toString()).toBe('theirs');
    },
  );

  test('R9: a clone that claims success and is too short is an error, and the old file stays', () => {
    using bench = benchOn(({ fclonefileat, openat, ftruncate, close }) => ({
      fclonefileat(source, directory, name, flags) {
        const result = fclonefileat(source, directory, name, flags);
        const fd = openat(directory, name, C.O_WRONLY, 0);
        ftruncate(fd, 10);
        close(fd);
        return result;
      },
    }));
    bench.write('file', content);
    bench.writeExisting('file', 'old');
    expect(bench.copy('file')).toMatchObject({ code: 'EIO', method: 'clonefile' });
    expect(bench.names).toEqual(['file']);
    expect(bench.read('file').toString()).toBe('old');
  });

  test('a clone that fails later leaves what has taken its place meanwhile', () => {
    const bench: Bench = benchOn(({ fstatat }) => ({
      fstatat(directory, name, buffer, flags) {
        if (name === 'file' && bench.names.includes('file')) {
          writeFileSync(join(bench.destination, 'theirs'), 'of another build');
          renameSync(join(bench.destination, 'theirs'), join(bench.destination, 'file'));
        }
        return fstatat(directory, name, buffer, flags);
      },
    }));
    using _disposed = bench;
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ code: 'EIO', method: 'clonefile' });
    expect(bench.names).toEqual(['file']);
    expect(bench.read('file').toString()).toBe('of another build');
  });

  test('a clone that cannot be opened for its attributes is removed', () => {
    using bench = benchOn(
      ({ openat }) => ({
        openat: (directory, name, flags, mode) =>
          name === 'file' && (flags & C.O_NOFOLLOW) !== 0 && (flags & C.O_NONBLOCK) === 0
            ? -errnoOf('EMFILE')
            : openat(directory, name, flags, mode),
      }),
      { preserve: ['mode'] },
    );
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ code: 'EMFILE' });
    expect(bench.names).toEqual([]);
  });

  test('a network volume is asked for every file, whatever it answered before', () => {
    controls().nameFilesystem('smbfs');
    try {
      let calls = 0;
      using bench = benchOn(() => ({
        fclonefileat() {
          calls++;
          return -errnoOf('ENOTSUP');
        },
      }));
      for (const name of ['one', 'two', 'three']) {
        bench.write(name, content);
        expect(bench.copy(name)).toMatchObject({ method: 'copyfile' });
      }
      expect(calls).toBe(3);
    } finally {
      controls().nameFilesystem('');
    }
  });
});

describeMacos('paths', ['btrfs'], () => {
  test('R20: a file that is read only is treated as any other', () => {
    using btrfs = mountFilesystem('btrfs');
    for (const [overwrite, expected, then] of [
      [false, { method: undefined }, 'old'],
      ['error', { code: 'EEXIST' }, 'old'],
      [true, { method: 'clonefile' }, content.toString()],
    ] as const) {
      using bench = new Bench(real, { overwrite }, { source: btrfs.path, destination: btrfs.path });
      bench.write('file', content);
      bench.writeExisting('file', 'old');
      chmodSync(join(bench.destination, 'file'), 0o444);
      expect(bench.copy('file')).toMatchObject(expected);
      expect(bench.read('file').toString()).toBe(then);
    }
  });

  test('R20: a volume that is read only is an error of the clone, and hides behind no copy', () => {
    using btrfs = mountFilesystem('btrfs');
    const to = mkdtempSync(join(btrfs.path, 'to-'));
    mkdirSync(join(btrfs.path, 'from'));
    writeFileSync(join(btrfs.path, 'from', 'file'), content);
    using bench = new Bench(real, {}, { tree: join(btrfs.path, 'from'), destination: to });
    btrfs.remount('ro');
    expect(bench.copy('file')).toMatchObject({ code: 'EROFS', method: 'clonefile' });
    btrfs.remount('rw');
  });

  test('R20: a directory that may not be written to is an error, and nothing is left', () => {
    const refuse = () => -errnoOf('EACCES');
    using bench = new Bench(({ openat }) => ({
      fclonefileat: refuse,
      openat: (at, path, flags, mode) => (flags & C.O_CREAT ? refuse() : openat(at, path, flags, mode)),
    }));
    bench.write('file', content);
    const open = openDescriptors();
    expect(bench.copy('file')).toMatchObject({ code: 'EACCES' });
    expect(bench.names).toEqual([]);
    expect(openDescriptors()).toBe(open);
  });
});
