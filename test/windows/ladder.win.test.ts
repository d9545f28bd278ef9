import { expect, test } from 'vitest';
import { constants as C, layouts } from '../../packages/core/src/platform/win32/constants.ts';
import { failure, type Overrides, WINDOWS_10, WINDOWS_11_24H2, WindowsBench } from './bench.ts';
import { Refs } from './refs.ts';
import { describeOnWindows } from './support.ts';

const CALL_NOT_IMPLEMENTED = 120;
const MORE_DATA = 234;

/** Answers where the second stream's description begins, 0 if there is none, or a negative error number. */
const streams =
  (next: number): Overrides =>
  (real) => ({
    getFileInformation(handle, kind, buffer, size) {
      if (kind !== C.FileStreamInfo) return real.getFileInformation(handle, kind, buffer, size);
      buffer[layouts.FILE_STREAM_INFO.NextEntryOffset] = next;
      return next < 0 ? next : 1;
    },
  });

const extendedAttributes =
  (bytes: number): Overrides =>
  () => ({
    getExtendedAttributesSize(_handle, buffer) {
      buffer[layouts.FILE_EA_INFORMATION.EaSize] = bytes;
      return 0;
    },
  });

const attributes =
  (added: number): Overrides =>
  (real) => ({
    getFileInformation: (handle, kind, buffer, size) => {
      const result = real.getFileInformation(handle, kind, buffer, size);
      if (kind === C.FileBasicInfo)
        (buffer as Uint32Array)[layouts.FILE_BASIC_INFO.FileAttributes / 4]! |= added;
      return result;
    },
  });

describeOnWindows('a small file on a volume that cannot clone', () => {
  const rows: [what: string, method: string, overrides: Overrides][] = [
    ['with one stream', 'read_write', streams(0)],
    ['where streams are not known', 'read_write', streams(failure(CALL_NOT_IMPLEMENTED))],
    ['with two streams', 'copy_file_ex', streams(40)],
    ['with a stream of a long name', 'copy_file_ex', streams(failure(MORE_DATA))],
    ['with extended attributes', 'copy_file_ex', extendedAttributes(20)],
    ['that is of the system', 'copy_file_ex', attributes(C.FILE_ATTRIBUTE_SYSTEM)],
    ['that is encrypted', 'copy_file_ex', attributes(C.FILE_ATTRIBUTE_ENCRYPTED)],
  ];

  test.each(rows)('%s: %s', (_what, method, overrides) => {
    for (const build of [WINDOWS_10, WINDOWS_11_24H2]) {
      using bench = new WindowsBench(overrides, { build });
      bench.write('file', 'content');
      expect(bench.copy('file')).toEqual({ method, bytes: 7 });
      expect(bench.read('file').toString()).toBe('content');
    }
  });
});

describeOnWindows('a small file on a volume that clones', () => {
  test('is left to CopyFileExW where that clones by itself', () => {
    using bench = new WindowsBench(new Refs().overrides, { build: WINDOWS_11_24H2 });
    bench.write('file', 'content');
    expect(bench.copy('file')).toEqual({ method: 'copy_file_ex', bytes: 7 });
  });
});
