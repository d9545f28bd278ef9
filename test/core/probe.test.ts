import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyFile, probe } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import {
  type FilesystemKind,
  type MountedFilesystem,
  type MountOptions,
  mountFilesystem,
  unavailable,
} from '../support/filesystems.ts';
import { directory, writeTree } from '../support/trees.ts';
import { contentsOf, inProcess, leavingNothing, rejection, workspace } from './support.ts';

const yes = { supported: true };
const no = (code: string) => ({ supported: false, code });

const within: [kind: FilesystemKind, expected: object][] = [
  [
    'btrfs',
    { reflink: yes, direct: { ...yes, alignment: 4096 }, method: 'ficlone', smallFileMethod: 'ficlone' },
  ],
  [
    'xfs',
    { reflink: yes, direct: { ...yes, alignment: 4096 }, method: 'ficlone', smallFileMethod: 'ficlone' },
  ],
  ['xfs-noreflink', { reflink: no('ENOTSUP'), direct: { ...yes, alignment: 512 } }],
  ['ext4', { reflink: no('ENOTSUP'), direct: { ...yes, alignment: 512 } }],
  ['tmpfs', { reflink: no('ENOTSUP'), direct: { ...yes, alignment: 4096 } }],
  ['overlay', { reflink: no('ENOTSUP'), direct: { ...yes, alignment: 4096 } }],
];
const copying = { method: 'copy_file_range', smallFileMethod: 'read_write' };

for (const [kind, expected] of within) {
  const reason = unavailable(kind);
  describe.skipIf(reason)(`probe on ${kind}${reason ? ` (skipped: ${reason})` : ''}`, () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem(kind);
    });
    afterAll(() => mounted.unmount());

    it('finds what works within it, and what a copy then does', async () => {
      const root = writeTree(mkdtempSync(join(mounted.path, 'p-')), { from: directory(), to: directory() });
      const found = await leavingNothing(root, () => probe(join(root, 'from'), join(root, 'to')));
      const place = { filesystem: kind.replace('-noreflink', ''), type: expect.any(Number), blockSize: 4096 };
      expect(found).toEqual({
        platform: 'linux',
        native: { loaded: true },
        source: { ...place, path: join(root, 'from') },
        destination: { ...place, path: join(root, 'to') },
        kernelCopy: yes,
        sparse: yes,
        ...copying,
        ...expected,
      });
      expect(contentsOf(root)).toEqual({ from: 'directory', to: 'directory' });

      for (const [bytes, method] of [
        [300_000, found.method],
        [3000, found.smallFileMethod],
      ] as const) {
        writeFileSync(join(root, 'from/file'), Buffer.alloc(bytes, 1));
        const copied = await copyFile(join(root, 'from/file'), join(root, 'to/file'));
        expect(copied.method).toBe(method);
      }
    });

    it('says why two filesystems cannot clone', async () => {
      const root = workspace();
      const found = await leavingNothing(root, () => probe(root, mounted.path));
      expect(found.reflink.supported).toBe(false);
      expect(['EXDEV', 'ENOTSUP']).toContain(found.reflink.code);
      expect(found.method).toBeDefined();
      expect(contentsOf(root)).toEqual({});
    });
  });
}

describe('the places that are probed', () => {
  it.each([
    ['a file', 'from/file', 'to/file'],
    ['a directory', 'from', 'to'],
    ['a path that does not exist yet', 'from/none/such', 'to/not/yet'],
    ['a path below a file', 'from/file/below', 'to/file/below'],
    ['a link to a file', 'elsewhere/link', 'to/file'],
    ['a broken link', 'from/broken', 'to/file'],
  ])('%s is the nearest directory', async (_name, source, destination) => {
    const root = writeTree(workspace(), { 'from/file': 'a', 'to/file': 'b', elsewhere: directory() });
    symlinkSync(join(root, 'from/file'), join(root, 'elsewhere/link'));
    symlinkSync('nowhere', join(root, 'from/broken'));
    const before = contentsOf(root);
    const found = await leavingNothing(root, () => probe(join(root, source), join(root, destination)));
    expect(found.source.path).toBe(join(root, 'from'));
    expect(found.destination.path).toBe(join(root, 'to'));
    expect(found.problem).toBeUndefined();
    expect(contentsOf(root)).toEqual(before);
  });

  it.each([undefined, '', 3, 'a\0b'])('%j is no path', async (value) => {
    const paths = [
      ['source', () => probe(value as string, 'b')],
      ['destination', () => probe('a', value as string)],
    ] as const;
    for (const [name, act] of paths) {
      const error = await rejection(act);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(new RegExp(`${name} must be a path, got `));
    }
  });

  it('has a typed result', () => {
    expectTypeOf(probe).parameters.toEqualTypeOf<[source: string, destination: string]>();
    expectTypeOf<Awaited<ReturnType<typeof probe>>['reflink']['supported']>().toEqualTypeOf<boolean>();
  });
});

const reason = unavailable('tmpfs');
describe.skipIf(reason)(`probe where nothing can be written${reason ? ` (skipped: ${reason})` : ''}`, () => {
  /** Mounts a tmpfs that contains `/place`, then makes it read-only. */
  function readOnly(files: Record<string, string>, options: MountOptions = {}) {
    const mounted = mountFilesystem('tmpfs', options);
    writeTree(join(mounted.path, 'place'), files);
    mounted.remount('ro');
    return { [Symbol.dispose]: () => mounted.unmount(), path: join(mounted.path, 'place') };
  }

  it('reads the given file, or one that is there', async () => {
    using place = readOnly({ empty: '', file: 'something', 'other/file': 'else' });
    const root = workspace();
    for (const given of ['file', 'empty', '', 'missing']) {
      const found = await leavingNothing(root, () => probe(join(place.path, given), root));
      expect(found).toMatchObject({
        source: { path: place.path, filesystem: 'tmpfs' },
        reflink: { supported: false },
        sparse: yes,
        smallFileMethod: 'read_write',
      });
      expect(found.problem).toBeUndefined();
    }
    expect(contentsOf(root)).toEqual({});
  });

  it('says so when the source holds nothing to read', async () => {
    using place = readOnly({ empty: '' });
    const root = workspace();
    const found = await leavingNothing(root, () => probe(place.path, root));
    expect(found).toMatchObject({ reflink: no('EROFS'), direct: no('EROFS'), sparse: no('EROFS') });
    expect(found.problem).toContain('no file can be created beside the source');
    expect(found).not.toHaveProperty('method');
    expect(contentsOf(root)).toEqual({});
  });

  it('says so when the destination is read-only', async () => {
    using place = readOnly({ file: 'a' });
    const root = workspace();
    const found = await leavingNothing(root, () => probe(root, place.path));
    expect(found).toMatchObject({ reflink: no('EROFS'), kernelCopy: no('EROFS'), sparse: no('EROFS') });
    expect(found.problem).toContain(JSON.stringify(place.path));
    expect(contentsOf(root)).toEqual({});
  });

  it('leaves nothing behind on a full disk', async () => {
    using full = mountFilesystem('tmpfs', { sizeMiB: 1 });
    mkdirSync(join(full.path, 'to'));
    writeFileSync(join(full.path, 'filler'), Buffer.alloc(1024 * 1024 - 16 * 4096));
    const root = workspace();
    const found = await leavingNothing(full.path, () => probe(root, join(full.path, 'to')));
    expect(found.problem ?? found.kernelCopy.code).toContain('ENOSPC');
    expect(contentsOf(join(full.path, 'to'))).toEqual({});
    expect(contentsOf(root)).toEqual({});
  });
});

describe('probe without the native lane', () => {
  it('says why, and what node:fs can do', () => {
    const root = workspace();
    const env = { FS_REFLINK_NATIVE: 'off' };
    const { value } = inProcess('return lib.probe(argument.root, argument.root)', { root }, { env });
    expect(value).toMatchObject({
      native: { loaded: false, error: 'switched off by FS_REFLINK_NATIVE' },
      kernelCopy: { supported: false },
      direct: { supported: false },
      sparse: { supported: true },
      method: 'node_fs',
      smallFileMethod: 'node_fs',
    });
    expect(contentsOf(root)).toEqual({});
  });
});
