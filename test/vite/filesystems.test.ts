import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { writeTree } from '../support/trees.ts';
import { buildInChild } from './child.ts';
import { build, copied, describeVites, LONG_AGO, manyFiles, mtimeOf, pathsIn, project } from './support.ts';

const MiB = 1024 * 1024;
const page = {
  'index.html': '<!doctype html><script type="module" src="/main.js"></script>',
  'main.js': 'console.log("page")',
};

describeVites((host) => {
  describeOn(['btrfs'], 'btrfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('btrfs', { sizeMiB: 256 });
    });
    afterAll(() => mounted?.unmount());

    test('every file is cloned', async () => {
      const root = writeTree(join(mounted.path, 'project'), {
        ...page,
        ...manyFiles,
        'public/large.bin': Buffer.alloc(MiB, 'large'),
      });
      const { report } = await build(host, root, { options: { reflink: 'always' } });
      expect(report.methods).toEqual({ ficlone: { files: 81, bytes: report.bytes } });
      expect(sharesExtents(join(root, 'public/large.bin'), join(root, 'dist/large.bin'))).toBe(true);
      // Writing to a file of the output must not change its source.
      writeFileSync(join(root, 'dist/large.bin'), 'smaller');
      expect(readFileSync(join(root, 'public/large.bin')).equals(Buffer.alloc(MiB, 'large'))).toBe(true);
    });
  });

  describeOn(['tmpfs'], 'tmpfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('tmpfs', { sizeMiB: 2 });
    });
    afterAll(() => mounted?.unmount());

    /** Creates an output on the mounted filesystem, which Vite would not empty by default. */
    const place = (name: string) => {
      const outDir = join(mounted.path, name);
      rmSync(outDir, { recursive: true, force: true });
      mkdirSync(outDir);
      return { outDir, config: { build: { outDir, emptyOutDir: true } } };
    };

    test('a full disk', () => {
      const cases = [{}, manyFiles].map((others, number) => {
        const { outDir, config } = place(`full-${number}`);
        const root = project({ ...others, 'public/z.bin': Buffer.alloc(3 * MiB, 'z') });
        return { root, outDir, config, pause: true };
      });
      const outcomes = buildInChild(host.id, cases);
      for (const [number, { root, outDir }] of cases.entries()) {
        // Any file may be the first one for which the disk is full. The error names both paths of that file.
        const file = `public/(.+)" to "${outDir}/\\1": ENOSPC: `;
        expect(outcomes[number]!.outcome).toMatchObject({ message: expect.stringMatching(file) });
        expect(pathsIn(outDir).filter((path) => /z\.bin|fs-reflink/.test(path))).toEqual([]);
        rmSync(join(root, 'public/z.bin'));
        writeFileSync(join(root, 'public/y.txt'), 'y');
      }
      expect(buildInChild(host.id, cases).map(({ outcome }) => outcome)).toEqual(['built', 'built']);
      for (const { root, outDir } of cases) expect(copied(outDir)).toEqual(copied(join(root, 'public')));
    });

    test.each([
      [
        'has something to be deleted',
        { 'old.txt': 'old' },
        (_root: string, outDir: string) => [`${outDir}/old.txt`],
      ],
      ['is empty', {}, (root: string, outDir: string) => [`${root}/public/a.txt`, `${outDir}/a.txt`]],
    ])('a read-only output that %s', (_name, old, named) => {
      const { outDir, config } = place('read-only');
      writeTree(outDir, old);
      const root = project({ 'public/a.txt': 'a' });
      mounted.remount('ro');
      const [failed] = buildInChild(host.id, [{ root, config }]);
      mounted.remount('rw');
      const { message } = failed!.outcome as { message: string };
      for (const path of named(root, outDir)) expect(message).toContain(JSON.stringify(path));
      expect(message).toContain('EROFS: ');
      expect(pathsIn(outDir)).toEqual(Object.keys(old));
    });

    test('a read-only cache is warned about and does no harm', async () => {
      const root = project({ 'public/a.txt': 'a' });
      mounted.remount('ro');
      const config = { cacheDir: join(mounted.path, 'cache') };
      const warnings = [/^unplugin-reflink: Cannot write .*: EROFS: .* everything again$/];
      for (let run = 0; run < 2; run++) {
        const { report } = await build(host, root, { config, warnings });
        expect(report).toMatchObject({ files: 1, unchanged: 0 });
        expect(mtimeOf(join(root, 'dist/a.txt'))).toEqual(LONG_AGO);
      }
      mounted.remount('rw');
    });

    test('reflink: always says what cannot be cloned', async () => {
      const { outDir, config } = place('copied');
      const root = project({ 'public/a.bin': Buffer.alloc(10_000, 'a') });
      await expect(build(host, root, { config, options: { reflink: 'always' } })).rejects.toMatchObject({
        message: expect.stringMatching(/public\/a\.bin" to ".*copied\/a\.bin": .*ficlone/),
      });
      expect(copied(outDir)).toEqual([]);
    });
  });
});
