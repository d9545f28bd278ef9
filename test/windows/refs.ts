import { statSync } from 'node:fs';
import type { Bindings } from '../../packages/core/src/platform/win32/bindings.ts';
import { constants as C, layouts } from '../../packages/core/src/platform/win32/constants.ts';
import { WINDOWS_ERRORS } from '../../packages/core/src/platform/win32/errors.ts';
import { failure, type Overrides } from './bench.ts';

const {
  DUPLICATE_EXTENTS_DATA: EXTENTS,
  FILE_BASIC_INFO: BASIC,
  FILE_ALLOCATED_RANGE_BUFFER: RANGE,
} = layouts;
const CLUSTER = 4096;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/**
 * A ReFS volume as its documentation has it, over files of one that cannot clone: what is asked of it wrongly
 * is refused, and blocks that would be shared are copied.
 */
export class Refs {
  /** Lengths of the parts that were cloned. */
  readonly cloned: number[] = [];
  readonly sparse = new Set<string>();
  readonly integrity = new Map<string, number>();
  /** What integrity files get that are created. */
  inherited = 0;
  /** How many files may share one block. */
  limit = Number.POSITIVE_INFINITY;
  /** Where the data of sparse files lie; all of a file unless it is said. */
  ranges: [start: number, end: number][] | undefined;
  readonly #owners = new Map<string, number>();

  readonly overrides: Overrides = (real) => ({
    getVolumeInformationByHandle: (handle, serial, flags, name) => {
      const result = real.getVolumeInformationByHandle(handle, serial, flags, name);
      flags[0]! |= C.FILE_SUPPORTS_BLOCK_REFCOUNTING;
      name.set([...'ReFS\0'].map((letter) => letter.charCodeAt(0)));
      return result;
    },
    getFileInformation: (handle, kind, buffer, size) => {
      const result = real.getFileInformation(handle, kind, buffer, size);
      if (kind === C.FileBasicInfo && this.sparse.has(keyOf(real, handle))) {
        buffer[BASIC.FileAttributes / 4]! |= C.FILE_ATTRIBUTE_SPARSE_FILE;
      }
      return result;
    },
    deviceIoControl: (handle, code, input, inputSize, output, outputSize) => {
      const key = keyOf(real, handle);
      switch (code) {
        case C.FSCTL_SET_SPARSE:
          if (input![0]) this.sparse.add(key);
          else this.sparse.delete(key);
          return 0;
        case C.FSCTL_GET_INTEGRITY_INFORMATION:
          output!.set([this.#integrityOf(key), 0, 0, CLUSTER]);
          return outputSize;
        case C.FSCTL_SET_INTEGRITY_INFORMATION:
          if (sizeOf(real, handle) > 0) return failure(WINDOWS_ERRORS.ERROR_INVALID_PARAMETER[0]);
          this.integrity.set(key, input![0]!);
          return 0;
        case C.FSCTL_QUERY_ALLOCATED_RANGES:
          return this.#query(input as Uint32Array, output as Uint32Array);
        case C.FSCTL_DUPLICATE_EXTENTS_TO_FILE:
          return this.#clone(real, handle, key, input as Uint32Array);
        default:
          return real.deviceIoControl(handle, code, input, inputSize, output, outputSize);
      }
    },
  });

  /** What a file is known by in {@link sparse} and {@link integrity}. */
  keyOf(path: string): string {
    const { ino } = statSync(path, { bigint: true });
    return [ino & 0xffff_ffffn, ino >> 32n].join();
  }

  #integrityOf(key: string): number {
    return this.integrity.get(key) ?? this.inherited;
  }

  /** At most two ranges at once, as if there were no place for more. */
  #query(asked: Uint32Array, output: Uint32Array): number {
    const from = longAt(asked, 0);
    const until = from + longAt(asked, RANGE.Length);
    const all = this.ranges ?? [[0, until]];
    const found = all.filter(([start, end]) => end > from && start < until).slice(0, output.length / 4);
    for (const [position, [start, end]] of found.entries()) {
      writeLong(output, position * RANGE.size, start);
      writeLong(output, position * RANGE.size + RANGE.Length, end - start);
    }
    return found.length * RANGE.size;
  }

  #clone(real: Bindings, destination: number, key: string, extents: Uint32Array): number {
    const source = extents[EXTENTS.FileHandle / 4]!;
    const from = longAt(extents, EXTENTS.SourceFileOffset);
    const to = longAt(extents, EXTENTS.TargetFileOffset);
    const length = longAt(extents, EXTENTS.ByteCount);
    const size = sizeOf(real, source);
    const sourceKey = keyOf(real, source);
    if (from % CLUSTER || to % CLUSTER || length <= 0 || length >= 4 * GIB || length % CLUSTER)
      return failure(WINDOWS_ERRORS.ERROR_INVALID_PARAMETER[0]);
    if (from + length > roundUp(size) || to + length > roundUp(sizeOf(real, destination)))
      return failure(WINDOWS_ERRORS.ERROR_NOT_SUPPORTED[0]);
    if (this.sparse.has(sourceKey) && !this.sparse.has(key))
      return failure(WINDOWS_ERRORS.ERROR_NOT_SUPPORTED[0]);
    if (this.#integrityOf(sourceKey) !== this.#integrityOf(key))
      return failure(WINDOWS_ERRORS.ERROR_INVALID_PARAMETER[0]);
    const owners = (this.#owners.get(sourceKey) ?? 1) + 1;
    if (owners > this.limit) return failure(WINDOWS_ERRORS.ERROR_BLOCK_TOO_MANY_REFERENCES[0]);
    this.#owners.set(sourceKey, owners);
    this.cloned.push(length);
    return copyPart(real, source, destination, from, Math.min(length, size - from));
  }
}

/** What a file is known by while it is open: its number on the volume. */
function keyOf(real: Bindings, handle: number): string {
  const index = new Uint32Array(2);
  real.getFileIndex(handle, index);
  return index.join();
}

function sizeOf(real: Bindings, handle: number): number {
  const standard = new Uint32Array(layouts.FILE_STANDARD_INFO.size / 4);
  real.getFileInformation(handle, C.FileStandardInfo, standard, layouts.FILE_STANDARD_INFO.size);
  return longAt(standard, layouts.FILE_STANDARD_INFO.EndOfFile);
}

const ZEROS = Buffer.alloc(MIB);

/** Leaves out zeros: large files are mostly that. */
function copyPart(real: Bindings, source: number, destination: number, from: number, length: number): number {
  const buffer = Buffer.alloc(MIB);
  for (let done = 0; done < length; ) {
    real.setFilePointer(source, from + done);
    const got = real.readFile(source, buffer, Math.min(MIB, length - done));
    if (got <= 0) return got;
    if (!buffer.subarray(0, got).equals(ZEROS.subarray(0, got))) {
      real.setFilePointer(destination, from + done);
      const written = real.writeFile(destination, buffer, got);
      if (written < 0) return written;
    }
    done += got;
  }
  return 0;
}

const roundUp = (size: number): number => Math.ceil(size / CLUSTER) * CLUSTER;

const longAt = (words: Uint32Array, offset: number): number =>
  words[offset / 4]! + words[offset / 4 + 1]! * 2 ** 32;

function writeLong(words: Uint32Array, offset: number, value: number): void {
  words[offset / 4] = value % 2 ** 32;
  words[offset / 4 + 1] = Math.floor(value / 2 ** 32);
}
