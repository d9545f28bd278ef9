import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { writeTree } from '../support/trees.ts';
import { isVouchedFor, withContext } from './contexts.ts';
import { describeEsbuilds } from './hosts.ts';

const large = Buffer.alloc(1024 * 1024, 'large');

describeEsbuilds((host) => {
  describeOn(['btrfs'], 'btrfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('btrfs', { sizeMiB: 256 });
    });
    afterAll(() => mounted?.unmount());

    test('every file is cloned, also when it changes, and the next build knows that it has nothing to do', async () => {
      const root = writeTree(join(mounted.path, 'project'), {
        'main.js': 'console.log("bundled")',
        'node_modules/some/package.json': '{}',
        'public/large.bin': large,
        ...Object.fromEntries(
          Array.from({ length: 40 }, (_each, number) => [`public/many/${number}.txt`, `file ${number}`]),
        ),
      });
      const options = { publicDir: 'public', reflink: 'always' } as const;
      await withContext(host, root, options, async (context) => {
        const { rebuild, outDir } = context;
        const first = await rebuild();
        expect(first.methods).toEqual({ ficlone: { files: 41, bytes: first.bytes } });
        expect(sharesExtents(join(root, 'public/large.bin'), join(outDir, 'large.bin'))).toBe(true);
        expect(await isVouchedFor(context)).toBe(true);
        rmSync(join(outDir, 'large.bin'));
        expect(await rebuild()).toMatchObject({
          unchanged: 40,
          methods: { ficlone: { files: 1, bytes: large.length } },
        });
        expect(sharesExtents(join(root, 'public/large.bin'), join(outDir, 'large.bin'))).toBe(true);
        // Writing to a file of the output must not change its source.
        writeFileSync(join(outDir, 'large.bin'), 'smaller');
        expect(readFileSync(join(root, 'public/large.bin')).equals(large)).toBe(true);
      });
    });
  });

  describeOn(['tmpfs'], 'tmpfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('tmpfs', { sizeMiB: 4 });
    });
    afterAll(() => mounted?.unmount());

    test('a full disk fails the build with both paths, and the next makes up for it', async () => {
      const root = join(mounted.path, 'project');
      writeTree(root, { 'main.js': '1', 'public/a.txt': 'a', 'public/z.bin': Buffer.alloc(2_500_000, 'z') });
      mkdirSync(join(root, 'node_modules'));
      await withContext(host, root, { publicDir: 'public' }, async ({ context, rebuild, outDir }) => {
        const text = expect.stringMatching(/public\/(z\.bin|a\.txt)" to ".*dist\/\1": ENOSPC: /);
        await expect(context.rebuild()).rejects.toMatchObject({
          errors: [{ pluginName: 'unplugin-reflink', text }],
        });
        writeFileSync(join(root, 'public/z.bin'), 'small');
        await rebuild();
        expect(readFileSync(join(outDir, 'z.bin'), 'utf8')).toBe('small');
        expect(readFileSync(join(outDir, 'a.txt'), 'utf8')).toBe('a');
      });
    });
  });
});
