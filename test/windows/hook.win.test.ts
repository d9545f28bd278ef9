import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Hook, hookUnavailable, loadHook } from './hook.ts';
import { FSCTL, GENERIC_READ, GENERIC_WRITE, loadKernel32 } from './kernel32.ts';
import { workspace } from './support.ts';

const CLUSTER = 4096;
const READ_WRITE = GENERIC_READ | GENERIC_WRITE;
const SPARSE = 0x200;

const ERROR = {
  INVALID_FUNCTION: 1,
  ACCESS_DENIED: 5,
  NOT_SUPPORTED: 50,
  FILE_EXISTS: 80,
  INVALID_PARAMETER: 87,
  INSUFFICIENT_BUFFER: 122,
  TOO_MANY_REFERENCES: 347,
  REQUEST_ABORTED: 1235,
};

let hook: Hook;
let windows: ReturnType<typeof loadKernel32>;

function describeWithHook(name: string, body: () => void): void {
  if (hookUnavailable) {
    describe.skip(`${name} (skipped: ${hookUnavailable})`, body);
    return;
  }
  hook ??= loadHook();
  windows ??= loadKernel32();
  describe(name, body);
}

/** Two files, the source with content, the destination as long or as it is said. */
function pair(options: { content?: Buffer; size?: number; access?: number } = {}) {
  const { content = randomBytes(3 * CLUSTER + 5), access = READ_WRITE } = options;
  const root = workspace();
  const paths = { source: join(root, 'source'), destination: join(root, 'destination') };
  writeFileSync(paths.source, content);
  const source = windows.open(paths.source, READ_WRITE);
  writeFileSync(paths.destination, Buffer.alloc(options.size ?? content.length));
  const destination = windows.open(paths.destination, access);
  return {
    ...paths,
    content,
    handles: { source, destination },
    clone: (extents: Extents = {}) =>
      clone(source, destination, { bytes: roundUp(content.length), ...extents }),
    [Symbol.dispose]() {
      windows.close(source);
      windows.close(destination);
    },
  };
}

interface Extents {
  from?: number;
  to?: number;
  bytes?: number;
}

const roundUp = (bytes: number): number => Math.ceil(bytes / CLUSTER) * CLUSTER;

function clone(source: number, destination: number, { from = 0, to = 0, bytes = 0 }: Extents): number {
  const data = new BigInt64Array([source, from, to, bytes].map(BigInt));
  return windows.control(destination, FSCTL.duplicateExtents, new Uint8Array(data.buffer)).error;
}

const setSparse = (file: number, sparse: boolean) =>
  windows.control(file, FSCTL.setSparse, Uint8Array.of(sparse ? 1 : 0)).error;

const setIntegrity = (file: number, checksum: number) =>
  windows.control(file, FSCTL.setIntegrity, Uint8Array.of(checksum, 0, 0, 0, 0, 0, 0, 0)).error;

function integrityOf(file: number): { checksum: number; clusterBytes: number } {
  const answer = new Uint8Array(16);
  expect(windows.control(file, FSCTL.getIntegrity, null, answer)).toEqual({ error: 0, returned: 16 });
  const view = new DataView(answer.buffer);
  return { checksum: view.getUint16(0, true), clusterBytes: view.getUint32(12, true) };
}

describeWithHook('the hook DLL: what a volume says', () => {
  test.each([
    ['wine', 'NTFS', false],
    ['ntfs', 'NTFS', false],
    ['refs', 'ReFS', true],
  ] as const)('as %s', (volume, name, clones) => {
    hook.reset({ volume });
    using files = pair();
    expect(windows.volumeOfRoot('C:\\')).toEqual({ name, clones });
    expect(windows.volumeOfHandle(files.handles.source)).toEqual({ name, clones });
  });

  test('the size of its clusters', () => {
    hook.reset({ volume: 'refs', clusterBytes: 65536 });
    using files = pair();
    expect(windows.clusterBytes('C:\\')).toBe(65536);
    expect(integrityOf(files.handles.source).clusterBytes).toBe(65536);
  });

  test.each([true, false])('whether it is a Dev Drive: %s', (devDrive) => {
    hook.reset({ volume: 'refs', devDrive });
    const root = windows.open('C:\\', GENERIC_READ);
    const DEV_VOLUME = 0x2000;
    const asked = new Uint8Array(new Uint32Array([0, DEV_VOLUME, 1, 0]).buffer);
    const answer = new Uint8Array(16);
    const { error } = windows.control(root, FSCTL.persistentVolumeState, asked, answer);
    windows.close(root);
    expect(error).toBe(0);
    expect(new Uint32Array(answer.buffer)[0]).toBe(devDrive ? DEV_VOLUME : 0);
  });
});

describeWithHook('the hook DLL: cloning', () => {
  beforeEach(() => {
    hook.reset({ volume: 'refs' });
  });

  test('gives the destination the bytes, and counts', () => {
    using files = pair();
    expect(files.clone()).toBe(0);
    expect(readFileSync(files.destination).equals(files.content)).toBe(true);
    expect(hook.counts()).toEqual({ clones: 1, clonedBytes: 4 * CLUSTER, copies: 0, copiedBytes: 0 });
  });

  test('of a part leaves the rest as it was', () => {
    using files = pair({ content: randomBytes(4 * CLUSTER) });
    expect(files.clone({ from: CLUSTER, to: 2 * CLUSTER, bytes: CLUSTER })).toBe(0);
    const expected = Buffer.alloc(4 * CLUSTER);
    files.content.copy(expected, 2 * CLUSTER, CLUSTER, 2 * CLUSTER);
    expect(readFileSync(files.destination).equals(expected)).toBe(true);
  });

  test.each<[string, Extents, number]>([
    [
      'an offset in the source that is not at a cluster',
      { from: 1, bytes: CLUSTER },
      ERROR.INVALID_PARAMETER,
    ],
    ['an offset in the destination that is not', { to: 512, bytes: CLUSTER }, ERROR.INVALID_PARAMETER],
    ['a length that is not whole clusters', { bytes: 3 * CLUSTER + 5 }, ERROR.INVALID_PARAMETER],
    ['4 GiB', { bytes: 2 ** 32 }, ERROR.INVALID_PARAMETER],
    ['more than the source has', { from: 2 * CLUSTER, bytes: 3 * CLUSTER }, ERROR.NOT_SUPPORTED],
    ['more than the destination has', { to: 3 * CLUSTER, bytes: 2 * CLUSTER }, ERROR.NOT_SUPPORTED],
  ])('refuses %s', (_name, extents, error) => {
    using files = pair();
    expect(files.clone(extents)).toBe(error);
    expect(readFileSync(files.destination).equals(Buffer.alloc(files.content.length))).toBe(true);
    expect(hook.counts().clones).toBe(0);
  });

  test('refuses a destination that was not made as long before', () => {
    using files = pair({ size: 0 });
    expect(files.clone()).toBe(ERROR.NOT_SUPPORTED);
    expect(windows.setSize(files.handles.destination, files.content.length)).toBe(0);
    expect(files.clone()).toBe(0);
  });

  test('refuses a destination that is not open for writing', () => {
    using files = pair({ access: GENERIC_READ });
    expect(files.clone()).toBe(ERROR.ACCESS_DENIED);
  });

  test('refuses ranges of one file that overlap', () => {
    using files = pair();
    const { source } = files.handles;
    expect(clone(source, source, { from: 0, to: CLUSTER, bytes: 2 * CLUSTER })).toBe(ERROR.NOT_SUPPORTED);
    expect(clone(source, source, { from: 0, to: 2 * CLUSTER, bytes: CLUSTER })).toBe(0);
  });

  test('refuses to clone from one volume to another', () => {
    using files = pair();
    mkdirSync('W:\\temporary', { recursive: true });
    const root = mkdtempSync('W:\\temporary\\reflink-windows-');
    writeFileSync(join(root, 'elsewhere'), Buffer.alloc(4 * CLUSTER));
    const elsewhere = windows.open(join(root, 'elsewhere'), READ_WRITE);
    const error = clone(files.handles.source, elsewhere, { bytes: CLUSTER });
    windows.close(elsewhere);
    rmSync(root, { recursive: true });
    expect(error).toBe(ERROR.INVALID_PARAMETER);
  });

  test('refuses a sparse source for a destination that is not, until it is', () => {
    using files = pair();
    expect(setSparse(files.handles.source, true)).toBe(0);
    expect(windows.attributes(files.handles.source) & SPARSE).toBe(SPARSE);
    expect(files.clone()).toBe(ERROR.NOT_SUPPORTED);
    expect(setSparse(files.handles.destination, true)).toBe(0);
    expect(files.clone()).toBe(0);
    expect(setSparse(files.handles.destination, false)).toBe(0);
    expect(windows.attributes(files.handles.destination) & SPARSE).toBe(0);
  });

  test('refuses files of different integrity settings, which only empty files take', () => {
    using files = pair({ size: 0 });
    const { source, destination } = files.handles;
    expect(setIntegrity(source, 2)).toBe(ERROR.INVALID_PARAMETER);
    expect(setIntegrity(destination, 2)).toBe(0);
    expect(integrityOf(destination).checksum).toBe(2);
    expect(windows.setSize(destination, files.content.length)).toBe(0);
    expect(files.clone()).toBe(ERROR.INVALID_PARAMETER);
  });

  test('lets integrity be set only through a handle for reading and writing', () => {
    using files = pair({ size: 0, access: GENERIC_WRITE });
    expect(setIntegrity(files.handles.destination, 2)).toBe(ERROR.ACCESS_DENIED);
  });

  test('gives new files the integrity setting they would inherit', () => {
    hook.reset({ volume: 'refs', newChecksum: 2 });
    using files = pair();
    expect(integrityOf(files.handles.destination).checksum).toBe(2);
    expect(files.clone()).toBe(0);
  });

  test('refuses one clone more than a file may have', () => {
    hook.reset({ volume: 'refs', referenceLimit: 2 });
    using files = pair();
    expect([files.clone(), files.clone(), files.clone()]).toEqual([0, 0, ERROR.TOO_MANY_REFERENCES]);
    expect(hook.counts().clones).toBe(2);
  });

  test('fails once as told', () => {
    using files = pair();
    hook.failNextClone(112);
    expect([files.clone(), files.clone()]).toEqual([112, 0]);
  });

  test('is not known on NTFS', () => {
    hook.reset({ volume: 'ntfs' });
    using files = pair();
    expect(files.clone()).toBe(ERROR.INVALID_FUNCTION);
    expect(windows.control(files.handles.source, FSCTL.getIntegrity, null, new Uint8Array(16)).error).toBe(
      ERROR.INVALID_FUNCTION,
    );
    expect(setSparse(files.handles.destination, true)).toBe(0);
  });

  test('wants the whole structure', () => {
    using files = pair();
    const { error } = windows.control(files.handles.destination, FSCTL.duplicateExtents, new Uint8Array(24));
    expect(error).toBe(ERROR.INSUFFICIENT_BUFFER);
  });

  test('says which ranges of a sparse file hold data', () => {
    const content = Buffer.alloc(6 * CLUSTER);
    content.fill(1, CLUSTER, 3 * CLUSTER);
    content.fill(2, 5 * CLUSTER);
    using files = pair({ content });
    const ranges = () => {
      const asked = new Uint8Array(new BigInt64Array([0n, BigInt(content.length)]).buffer);
      const answer = new BigInt64Array(8);
      const output = new Uint8Array(answer.buffer);
      const { error, returned } = windows.control(files.handles.source, FSCTL.allocatedRanges, asked, output);
      expect(error).toBe(0);
      return [...answer.subarray(0, returned / 8)].map((bytes) => Number(bytes) / CLUSTER);
    };
    expect(ranges()).toEqual([0, 6]);
    setSparse(files.handles.source, true);
    expect(ranges()).toEqual([1, 2, 5, 1]);
  });
});

const CHUNK = 65536;

function copyPair() {
  const root = workspace();
  const content = randomBytes(2 * CHUNK + 777);
  const source = join(root, 'source');
  writeFileSync(source, content);
  return { source, destination: join(root, 'destination'), content };
}

describeWithHook('the hook DLL: CopyFileExW', () => {
  beforeEach(() => {
    hook.reset({ copyChunkBytes: CHUNK });
  });

  test('copies bytes and the time of the last change, and counts', () => {
    const { source, destination, content } = copyPair();
    utimesSync(source, 1_000_000_000, 1_000_000_000);
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
    expect(readFileSync(destination).equals(content)).toBe(true);
    expect(statSync(destination).mtimeMs).toBe(1_000_000_000_000);
    expect(hook.counts()).toMatchObject({ copies: 1, copiedBytes: content.length });
  });

  test('tells that it begins, and every part', () => {
    const { source, destination, content } = copyPair();
    const told: number[][] = [];
    const progress = (...args: number[]) => {
      told.push(args);
      return 0;
    };
    expect(windows.copyFile(source, destination, progress, null)).toBe(0);
    expect(told).toEqual([
      [0, 1],
      [CHUNK, 0],
      [2 * CHUNK, 0],
      [content.length, 0],
    ]);
  });

  test('is not told any more when it asks for quiet', () => {
    const { source, destination } = copyPair();
    let calls = 0;
    const quiet = () => {
      calls++;
      return 3;
    };
    expect(windows.copyFile(source, destination, quiet, null)).toBe(0);
    expect(calls).toBe(1);
  });

  test('removes what it began when it is cancelled', () => {
    const { source, destination } = copyPair();
    const cancel = (done: number) => (done > 0 ? 1 : 0);
    expect(windows.copyFile(source, destination, cancel, null)).toBe(ERROR.REQUEST_ABORTED);
    expect(existsSync(destination)).toBe(false);
    expect(hook.counts().copies).toBe(0);
  });

  test('leaves what it began when it is stopped', () => {
    const { source, destination } = copyPair();
    const stop = (done: number) => (done > 0 ? 2 : 0);
    expect(windows.copyFile(source, destination, stop, null)).toBe(ERROR.REQUEST_ABORTED);
    expect(statSync(destination).size).toBe(CHUNK);
  });

  test('looks whether it was cancelled from elsewhere', () => {
    const { source, destination } = copyPair();
    const cancelled = new Int32Array(1);
    const progress = (done: number) => {
      if (done > 0) cancelled[0] = 1;
      return 0;
    };
    expect(windows.copyFile(source, destination, progress, cancelled)).toBe(ERROR.REQUEST_ABORTED);
    expect(existsSync(destination)).toBe(false);
  });

  test('replaces a file unless it may not', () => {
    const { source, destination, content } = copyPair();
    const FAIL_IF_EXISTS = 1;
    writeFileSync(destination, 'before');
    expect(windows.copyFile(source, destination, null, null, FAIL_IF_EXISTS)).toBe(ERROR.FILE_EXISTS);
    expect(readFileSync(destination, 'utf8')).toBe('before');
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  test('takes its time as told', () => {
    hook.reset({ copyChunkBytes: CHUNK, copyPauseMs: 50 });
    const { source, destination } = copyPair();
    const started = performance.now();
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
    // Three parts and the end of the file. Sleep may be early by a tick.
    expect(performance.now() - started).toBeGreaterThan(3 * 50);
  });

  test('fails once as told', () => {
    const { source, destination } = copyPair();
    hook.failNextCopy(112);
    expect(windows.copyFile(source, destination, null, null)).toBe(112);
    expect(existsSync(destination)).toBe(false);
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
  });
});
