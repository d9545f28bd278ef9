import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { host as bun, skipped } from '../bun/hosts.ts';
import { host as farm } from '../farm/hosts.ts';
import { host as rsbuild } from '../rsbuild/hosts.ts';
import { host as rspack } from '../rspack/hosts.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { writeTree } from '../support/trees.ts';
import { BUNDLE } from './cases.ts';

/** The other bundlers have their own tests of filesystems. */
describe.each([rspack, rsbuild, farm, ...(skipped ? [] : [bun])])('$name: ', (host) => {
  describeOn(['btrfs'], 'btrfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('btrfs', { sizeMiB: 256 });
    });
    afterAll(() => mounted?.unmount());

    test('every file is cloned, a target that wins over the bundle too', async () => {
      const large = Buffer.alloc(1024 * 1024, 'large');
      const root = writeTree(join(mounted.path, 'project'), {
        'main.js': 'console.log("bundled")',
        'node_modules/x/index.js': '',
        'static/large.bin': large,
        [`assets/${BUNDLE}`]: large,
      });
      const reports: CopyReport[] = [];
      const { outDir, warnings, errors } = await host.build({
        root,
        options: {
          publicDir: 'static',
          targets: [{ from: 'assets' }],
          reflink: 'always',
          report: (report) => void reports.push(report),
        },
      });
      expect(errors).toEqual([]);
      expect(warnings).toHaveLength(1);
      expect(reports.map(({ methods }) => methods)).toEqual([
        { ficlone: { files: 2, bytes: 2 * large.length } },
      ]);
      expect(sharesExtents(join(root, 'static/large.bin'), join(outDir, 'large.bin'))).toBe(true);
      expect(sharesExtents(join(root, 'assets', BUNDLE), join(outDir, BUNDLE))).toBe(true);
    });
  });

  describeOn(['exfat'], 'exFAT', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('exfat', { sizeMiB: 32 });
    });
    afterAll(() => mounted?.unmount());

    test('names that differ in case alone are one file: the bundle wins over what is public', async () => {
      const root = writeTree(join(mounted.path, 'project'), {
        'main.js': 'console.log("bundled")',
        'node_modules/x/index.js': '',
        [`static/${BUNDLE.toUpperCase()}`]: 'public',
        'static/other.txt': 'public',
      });
      for (let count = 0; count < 2; count++) {
        const { outDir, warnings, errors } = await host.build({
          root,
          options: { publicDir: 'static', report: false },
        });
        expect(errors).toEqual([]);
        expect(warnings).toEqual([
          expect.stringMatching(/is both in the public directory and in the bundle/),
        ]);
        expect(readdirSync(outDir).map((name) => name.toLowerCase())).toEqual([BUNDLE, 'other.txt']);
        expect(readFileSync(join(outDir, BUNDLE), 'utf8')).toContain('bundled');
      }
    });
  });
});
