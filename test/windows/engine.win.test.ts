import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copy, copyFile, copyFileSync, probe } from 'fs-reflink';
import { beforeEach, describe, expect, test } from 'vitest';
import { bootWorkers } from '../support/workers.ts';
import { type Hook, hookUnavailable, loadHook } from './hook.ts';
import { describeOnWindows, workspace } from './support.ts';

const MIB = 1024 * 1024;

// Before anything of the engine looks kernel32.dll's functions up.
const hook: Hook | undefined = hookUnavailable ? undefined : loadHook();
function describeHooked(name: string, body: () => void): void {
  if (hook) describeOnWindows(name, body);
  else describe.skip(`${name} (skipped: ${hookUnavailable})`, body);
}

beforeEach(() => hook?.reset());

describeHooked('a Dev Drive', () => {
  beforeEach(() => hook!.reset({ volume: 'refs', devDrive: true }));

  test('R27: many threads clone one source at the same time, and none of them gets zeros', async () => {
    const root = workspace();
    const content = randomBytes(2 * MIB + 1);
    writeFileSync(join(root, 'source'), content);
    const workers = await bootWorkers(2);
    try {
      const names = Array.from({ length: 20 }, (_each, number) => `clone-${number}`);
      const results = await Promise.all(
        names.map((name) => copyFile(join(root, 'source'), join(root, name))),
      );
      for (const result of results) {
        expect(result).toEqual({ method: 'duplicate_extents', bytes: content.length });
      }
      for (const name of names) expect(readFileSync(join(root, name)).equals(content)).toBe(true);
      expect(hook!.counts()).toMatchObject({ clones: names.length, copies: 0 });
    } finally {
      await workers.dispose();
    }
  });

  test('a tree is cloned in worker threads, and left alone the next time', async () => {
    const root = workspace();
    for (let folder = 0; folder < 5; folder++) {
      mkdirSync(join(root, 'from', `${folder}`), { recursive: true });
      for (let file = 0; file < 20; file++)
        writeFileSync(join(root, 'from', `${folder}`, `${file}`), randomBytes(file * 500 + 1));
    }
    const target = { from: join(root, 'from'), to: join(root, 'to') };
    const manifest = join(root, 'manifest');
    const report = await copy(target, { manifest });
    expect(report.methods).toMatchObject({ duplicate_extents: { files: 100 } });
    expect(Object.keys(report.methods)).toEqual(['duplicate_extents']);
    expect(hook!.counts().clones).toBe(100);
    expect(await copy(target, { manifest })).toMatchObject({ files: 0, unchanged: 100 });
    writeFileSync(join(root, 'from', '0', '7'), 'changed');
    expect(await copy(target, { manifest })).toMatchObject({ files: 1, unchanged: 99 });
    expect(readFileSync(join(root, 'to', '0', '7'), 'utf8')).toBe('changed');
  });

  test('R27: one block has so many owners, then it is copied', () => {
    hook!.reset({ volume: 'refs', referenceLimit: 3 });
    const root = workspace();
    writeFileSync(join(root, 'source'), 'content');
    const methods = Array.from(
      { length: 5 },
      (_each, number) => copyFileSync(join(root, 'source'), join(root, `${number}`)).method,
    );
    expect(methods[0]).toBe('duplicate_extents');
    expect(methods.at(-1)).toBe('copy_file_ex');
    for (let number = 0; number < 5; number++)
      expect(readFileSync(join(root, `${number}`), 'utf8')).toBe('content');
  });

  test('R27: clones have checksums as their source, where the directory gives new files some', () => {
    const root = workspace();
    writeFileSync(join(root, 'source'), 'content');
    hook!.reset({ volume: 'refs', newChecksum: 2 });
    expect(copyFileSync(join(root, 'source'), join(root, 'clone'))).toMatchObject({
      method: 'duplicate_extents',
    });
  });

  test('is what probe() finds', async () => {
    const root = workspace();
    const found = await probe(root, root);
    const place = { filesystem: 'ReFS', clones: true, devDrive: true, blockSize: 4096 };
    expect(found).toMatchObject({
      native: { loaded: true },
      source: place,
      destination: place,
      reflink: { supported: true },
      kernelCopy: { supported: true },
      direct: { supported: true },
      method: 'duplicate_extents',
      smallFileMethod: 'duplicate_extents',
    });
    expect(readdirSync(root)).toEqual([]);
  });
});

describeHooked('a volume that cannot clone', () => {
  beforeEach(() => hook!.reset({ volume: 'ntfs' }));

  test('is what probe() finds', async () => {
    const root = workspace();
    expect(await probe(root, root)).toMatchObject({
      source: { filesystem: 'NTFS', clones: false, devDrive: false },
      reflink: { supported: false, code: 'ENOTSUP' },
      method: 'copy_file_ex',
    });
  });
});

describeHooked('a large file', () => {
  const size = 24 * MIB;
  const prepared = () => {
    const root = workspace();
    writeFileSync(join(root, 'large'), randomBytes(size));
    return { root, target: { from: join(root, 'large'), to: join(root, 'to') } };
  };

  test('tells how far it is', async () => {
    hook!.reset({ volume: 'ntfs', copyChunkBytes: 4 * MIB });
    const { root, target } = prepared();
    const events: [bytes: number, done: boolean][] = [];
    const onProgress = (event: { fileBytes: number; done: boolean }) =>
      void events.push([event.fileBytes, event.done]);
    const report = await copy(target, { onProgress });
    expect(report.methods).toEqual({ copy_file_ex: { files: 1, bytes: size } });
    const parts = events.filter(([, done]) => !done).map(([bytes]) => bytes);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts).toEqual([...parts].sort((one, other) => one - other));
    expect(events.at(-1)).toEqual([size, true]);
    expect(readFileSync(join(root, 'to', 'large')).equals(readFileSync(join(root, 'large')))).toBe(true);
  });

  test('can be ended in its middle, and nothing of it stays', async () => {
    hook!.reset({ volume: 'ntfs', copyChunkBytes: MIB, copyPauseMs: 20 });
    const { root, target } = prepared();
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    await expect(copy(target, { onProgress, signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
    expect(readdirSync(join(root, 'to'))).toEqual([]);
    expect(hook!.counts().copies).toBe(0);
  });

  test('that was there before stays when it is ended', async () => {
    hook!.reset({ volume: 'ntfs', copyChunkBytes: MIB, copyPauseMs: 20 });
    const { root, target } = prepared();
    mkdirSync(join(root, 'to'));
    writeFileSync(join(root, 'to', 'large'), 'old');
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(copy(target, { onProgress, signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
    expect(readdirSync(join(root, 'to'))).toEqual(['large']);
    expect(readFileSync(join(root, 'to', 'large'), 'utf8')).toBe('old');
  });
});

describeOnWindows('the status of a file', () => {
  test('is the same by name and after a copy, to a tenth of a microsecond', async () => {
    const root = workspace();
    writeFileSync(join(root, 'source'), 'content');
    copyFileSync(join(root, 'source'), join(root, 'copied'));
    copyFileSync(join(root, 'source'), join(root, 'written'), { reflink: 'never' });
    const [source, ...copies] = ['source', 'copied', 'written'].map((name) =>
      statSync(join(root, name), { bigint: true }),
    );
    for (const { mtimeNs } of copies) expect(mtimeNs / 100n).toBe(source!.mtimeNs / 100n);
  });
});

describeOnWindows('the native lane', () => {
  test('refuses what it cannot carry over, by name', () => {
    const root = workspace();
    writeFileSync(join(root, 'a'), 'a');
    expect(() => copyFileSync(join(root, 'a'), join(root, 'b'), { preserve: ['acl'] })).toThrow(
      /ENOTSUP: 'xattr' and 'acl' cannot be copied on win32/,
    );
  });
});
