import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { describeWithHook, ERROR, hook, windows } from './hook-support.ts';
import { FSCTL, GENERIC_READ, GENERIC_WRITE } from './kernel32.ts';
import { workspace } from './support.ts';

const CLUSTER = 4096;
const READ_WRITE = GENERIC_READ | GENERIC_WRITE;
const SPARSE = 0x200;

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
