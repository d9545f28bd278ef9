import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import { type Bindings, loadBindings } from '../../packages/core/src/platform/win32/bindings.ts';
import { toErrno } from '../../packages/core/src/platform/win32/errors.ts';
import { win32System } from '../../packages/core/src/platform/win32/win32.ts';
import { SystemBench } from '../support/system-bench.ts';

export type Overrides = (real: Bindings) => Partial<Bindings>;

/** A build before the ones whose CopyFileExW may clone by itself, and the first that always does. */
export const WINDOWS_10 = 19_045;
export const WINDOWS_11_24H2 = 26_100;

export interface WindowsSettings extends Partial<TransferSettings> {
  build?: number;
}

/** Files copied over Windows' functions, which fail as a test wants them to. */
export class WindowsBench extends SystemBench {
  /** Handles that were opened and not closed. */
  readonly open: Set<number>;

  constructor(
    overrides: Overrides = () => ({}),
    { build = WINDOWS_10, ...settings }: WindowsSettings = {},
    places: ConstructorParameters<typeof SystemBench>[2] = {},
  ) {
    const open = new Set<number>();
    const real = countHandles(loadBindings(), open);
    super(win32System({ ...real, ...overrides(real) }, build), settings, places);
    this.open = open;
  }

  /** A file that is zeros but for some text. */
  writeLarge(name: string, size: number, data: [at: number, text: string][]): void {
    const descriptor = openSync(join(this.source, name), 'w');
    try {
      ftruncateSync(descriptor, size);
      for (const [at, text] of data) writeSync(descriptor, text, at);
    } finally {
      closeSync(descriptor);
    }
  }

  /** So many characters of a copy. */
  readPart(name: string, at: number, length: number): string {
    const descriptor = openSync(join(this.destination, name), 'r');
    try {
      const buffer = Buffer.alloc(length);
      readSync(descriptor, buffer, 0, length, at);
      return buffer.toString();
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Keeps `open` to the handles that are. */
export function countHandles(real: Bindings, open: Set<number>): Bindings {
  return {
    ...real,
    createFile(...args) {
      const handle = real.createFile(...args);
      if (handle >= 0) open.add(handle);
      return handle;
    },
    closeHandle(handle) {
      open.delete(handle);
      return real.closeHandle(handle);
    },
  };
}

/** What a function answers that fails with a Windows error. */
export const failure = (code: number): number => -toErrno(code);

/** Fails with a Windows error as often as wanted, then does what it really does. */
export function failing<Args extends unknown[]>(
  code: number,
  times: number,
  real: (...args: Args) => number,
  when: (...args: Args) => boolean = () => true,
): (...args: Args) => number {
  let left = times;
  return (...args) => (when(...args) && left-- > 0 ? failure(code) : real(...args));
}

/** The tag of a junction, and one of OneDrive's: only the first makes a link of what has it. */
export const JUNCTION = 0xa000_0003;
export const CLOUD = 0x9000_001a;

/** Calls by which every entry has a reparse point with this tag. */
export const withTag = (
  tag: number,
): Pick<Bindings, 'createFile' | 'closeHandle' | 'getFileInformation'> => ({
  createFile: () => 1,
  closeHandle: () => 1,
  getFileInformation(_handle, _kind, buffer) {
    buffer.set([0x410, tag]);
    return 1;
  },
});
