import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { errorCode } from '../../packages/core/src/errors.ts';
import { EINVAL, ENOSYS, ENOTSUP } from '../../packages/core/src/platform/errno.ts';
import { COPIED_NEW, NOT_COPIED, type System } from '../../packages/core/src/platform/system.ts';
import type { Bindings } from '../../packages/core/src/platform/win32/bindings.ts';
import { loadBindings } from '../../packages/core/src/platform/win32/bindings.ts';
import { constants as C, layouts } from '../../packages/core/src/platform/win32/constants.ts';
import { toErrno, WINDOWS_ERRORS } from '../../packages/core/src/platform/win32/errors.ts';
import { win32System } from '../../packages/core/src/platform/win32/win32.ts';
import { type Call, type Lane, watch } from '../support/new-file.ts';
import { testNewFiles } from '../support/new-file-cases.ts';
import { countHandles, failure, type Overrides, WINDOWS_10, WINDOWS_11_24H2 } from './bench.ts';
import { Refs } from './refs.ts';
import { describeOnWindows } from './support.ts';

const { FILE_BASIC_INFO: BASIC } = layouts;

/** Windows errors as Node.js numbers them, each once. */
const errnos = [...new Set(Array.from({ length: 5000 }, (_each, code) => toErrno(code)))];

const opening =
  (disposition: number): Call<Bindings>['fail'] =>
  (real, _isOurs, errno) => ({
    createFile: (file, access, share, how, flags) =>
      path.basename(file) === 'file' && how === disposition && access !== C.FILE_READ_ATTRIBUTES
        ? -errno
        : real.createFile(file, access, share, how, flags),
  });

const asking =
  (kind: number): Call<Bindings>['fail'] =>
  (real, isOurs, errno) => ({
    getFileInformation: (handle, asked, buffer, size) =>
      isOurs(handle) && asked === kind ? -errno : real.getFileInformation(handle, asked, buffer, size),
  });

const byHandle =
  (
    name: 'getFileIndex' | 'getExtendedAttributesSize' | 'readFile' | 'writeFile' | 'setFileInformation',
  ): Call<Bindings>['fail'] =>
  (real, isOurs, errno) => ({
    [name]: (handle: number, ...rest: unknown[]) =>
      isOurs(handle) ? -errno : (real[name] as (...args: unknown[]) => number)(handle, ...rest),
  });

const calls: Call<Bindings>[] = [
  { name: 'CreateFileW of the source', fail: opening(C.OPEN_EXISTING) },
  { name: 'CreateFileW of the destination', fail: opening(C.CREATE_NEW) },
  { name: 'GetFileInformationByHandleEx of times', fail: asking(C.FileBasicInfo) },
  { name: 'GetFileInformationByHandleEx of sizes', fail: asking(C.FileStandardInfo) },
  {
    name: 'GetFileInformationByHandleEx of streams',
    // Filesystems without streams.
    copies: (errno) => [EINVAL, ENOTSUP, ENOSYS].includes(errno),
    fail: asking(C.FileStreamInfo),
  },
  { name: 'NtQueryInformationFile of the number', fail: byHandle('getFileIndex') },
  {
    name: 'NtQueryInformationFile of extended attributes',
    copies: () => true,
    fail: byHandle('getExtendedAttributesSize'),
  },
  { name: 'ReadFile', fail: byHandle('readFile') },
  { name: 'WriteFile', fail: byHandle('writeFile') },
  { name: 'SetFileInformationByHandle', setsTimes: true, fail: byHandle('setFileInformation') },
];

const open = new Set<number>();

const lane: Lane<Bindings> = {
  place: os.tmpdir,
  clones: false,
  mode: 0o666,
  calls,
  errors: errnos.map((errno) => ({ name: errorCode(errno), errno })),
  real: () => countHandles(loadBindings(), open),
  track: (real, ours) => ({
    ...real,
    createFile: (file, access, share, disposition, flags) => {
      const handle = real.createFile(file, access, share, disposition, flags);
      if (handle >= 0 && path.basename(path.dirname(file)) === 'from' && !file.endsWith('\\'))
        ours.add(handle);
      return handle;
    },
    closeHandle: (handle) => {
      ours.delete(handle);
      return real.closeHandle(handle);
    },
  }),
  countOpen: () => open.size,
  system: (bindings) => win32System(bindings, WINDOWS_10),
};

describeOnWindows('the fast path of a new file', () => {
  const files = testNewFiles(lane);
  const source = () => path.join(files.home, 'from', 'file');

  /** What the fast path answered for `file`, and what it was made by in the end. */
  const madeBy = (system: System) => {
    fs.rmSync(path.join(files.home, 'out'), { recursive: true, force: true });
    const watched = system.copyNewFile ? watch(system) : { system, answers: [] };
    const { tally, error } = files.copy(watched.system);
    expect(error).toBeUndefined();
    expect(open).toEqual(new Set());
    const entry = tally.entries.find((each) => each.destination === files.destination);
    return { answers: watched.answers, method: entry?.method };
  };
  const systemWith = (overrides: Overrides, build = WINDOWS_10) => {
    const real = files.bindings(false);
    return win32System({ ...real, ...overrides(real) }, build);
  };

  test.each([
    { size: 65_535, answer: COPIED_NEW, method: 'read_write' },
    { size: 65_536, answer: NOT_COPIED, method: 'read_write' },
    { size: 65_537, answer: NOT_COPIED, method: 'copy_file_ex' },
  ])('$size bytes are made by $method', ({ size, answer, method }) => {
    files.write('file', Buffer.alloc(size, 'content'));
    expect(madeBy(files.system(false))).toEqual({ answers: [answer], method });
    expect(fs.readFileSync(files.destination).equals(fs.readFileSync(source()))).toBe(true);
  });

  test.each([
    { build: WINDOWS_10, method: 'duplicate_extents' },
    { build: WINDOWS_11_24H2, method: 'copy_file_ex' },
  ])('leaves a volume that clones to the careful path: $method (build $build)', ({ build, method }) => {
    const { overrides } = new Refs();
    expect(madeBy(systemWith(overrides, build))).toEqual({ answers: [NOT_COPIED], method });
  });

  test('leaves a read-only file to the careful path, which alone makes one, and it is read-only then', () => {
    fs.chmodSync(source(), 0o444);
    let created = 0;
    const counting: Overrides = (real) => ({
      createFile: (file, access, share, disposition, flags) => {
        if (path.basename(file) === 'file' && disposition === C.CREATE_NEW) created++;
        return real.createFile(file, access, share, disposition, flags);
      },
    });
    const { left } = files.expectSameOutcome(() => systemWith(counting), [NOT_COPIED]);
    expect(created).toBe(2);
    expect(left).toMatchObject([{ name: 'file', mode: 0o100444n, hasTimes: true }]);
    for (const file of [source(), files.destination]) fs.chmodSync(file, 0o666);
  });

  const attributes: [string, number, string][] = [
    ['hidden', C.FILE_ATTRIBUTE_HIDDEN, 'copy_file_ex'],
    ['of the system', C.FILE_ATTRIBUTE_SYSTEM, 'copy_file_ex'],
    ['encrypted', C.FILE_ATTRIBUTE_ENCRYPTED, 'copy_file_ex'],
    ['sparse', C.FILE_ATTRIBUTE_SPARSE_FILE, 'read_write'],
    ['deduplicated', C.FILE_ATTRIBUTE_REPARSE_POINT, 'read_write'],
  ];
  test.each(attributes)('leaves a file that is %s to the careful path', (_what, attribute, method) => {
    const overrides: Overrides = (real) => ({
      getFileInformation: (handle, kind, buffer, size) => {
        const result = real.getFileInformation(handle, kind, buffer, size);
        if (kind === C.FileBasicInfo && isSource(real, handle))
          (buffer as Uint32Array)[BASIC.FileAttributes / 4]! |= attribute;
        return result;
      },
    });
    expect(madeBy(systemWith(overrides))).toEqual({ answers: [NOT_COPIED], method });
  });
  /** By its number on the volume. */
  const isSource = (real: Bindings, handle: number) => {
    const [index, { ino }] = [new Uint32Array(2), fs.statSync(source(), { bigint: true })];
    real.getFileIndex(handle, index);
    return BigInt(index[0]!) + (BigInt(index[1]!) << 32n) === ino;
  };

  test('leaves a source that changes while it is copied to the careful path, which copies it again', () => {
    const changed = files.content.toReversed();
    let reads = 0;
    const { answers, method } = madeBy(
      systemWith((real) => ({
        readFile(handle, buffer, size) {
          const got = real.readFile(handle, buffer, size);
          if (got > 0 && ++reads === 2) files.write('file', changed);
          return got;
        },
      })),
    );
    expect({ answers, method }).toEqual({ answers: [NOT_COPIED], method: 'read_write' });
    expect(fs.readFileSync(files.destination).equals(changed)).toBe(true);
  });

  /** Fails for `file` when its times are set for the first time, after something else was done. */
  const failingOnce =
    (deleted: string[], meanwhile: () => void): Overrides =>
    (real) => {
      let sets = 0;
      return {
        setFileInformation(handle, kind, buffer, size) {
          // Those of the first file of the copy come first.
          if (++sets !== 2) return real.setFileInformation(handle, kind, buffer, size);
          meanwhile();
          return failure(WINDOWS_ERRORS.ERROR_IO_DEVICE[0]);
        },
        deleteFile(file) {
          deleted.push(path.basename(file));
          return real.deleteFile(file);
        },
      };
    };

  test('deletes what it made and could not complete', () => {
    const deleted: string[] = [];
    expect(madeBy(systemWith(failingOnce(deleted, () => {})))).toEqual({
      answers: [NOT_COPIED],
      method: 'read_write',
    });
    expect(deleted).toEqual(['file']);
    expect(fs.readFileSync(files.destination).equals(files.content)).toBe(true);
  });

  test('deletes nothing that has taken the place of what it made', () => {
    const deleted: string[] = [];
    const { destination } = files;
    const replace = () => {
      fs.renameSync(destination, `${destination}.moved`);
      fs.writeFileSync(destination, 'theirs');
    };
    expect(madeBy(systemWith(failingOnce(deleted, replace)))).toEqual({
      answers: [NOT_COPIED],
      method: 'read_write',
    });
    // The careful path replaces it by a rename, as `overwrite: true` says.
    expect(deleted).not.toContain('file');
    expect(fs.readFileSync(destination).equals(files.content)).toBe(true);
    expect(fs.existsSync(`${destination}.moved`)).toBe(true);
  });

  test('leaves times that a filesystem says it has set and does not keep to the careful path, which tells', () => {
    const { lost } = files.expectSameOutcome(
      () => systemWith(() => ({ setFileInformation: () => 1 })),
      [NOT_COPIED],
    );
    expect(lost).toMatchObject({ timestamps: { count: 2 } });
  });
});
