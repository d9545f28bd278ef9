import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { writeTree } from '../support/trees.ts';
import { type Bundler, describeBundlers, inDirectory, logInto } from './hosts.ts';

async function build(host: Bundler, root: string, dir: string, options: Options) {
  const reports: CopyReport[] = [];
  const log = { warnings: [] as string[], log: [] };
  const plugins = [host.plugin({ ...options, report: (report) => void reports.push(report) })];
  await inDirectory(root, async () => {
    const bundle = await host.bundler.rollup({ input: join(root, 'main.js'), plugins, onLog: logInto(log) });
    await bundle.write({ dir });
    await bundle.close();
  });
  return { report: reports[0]!, ...log };
}

describeBundlers((host) => {
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
        'assets/main.js': large,
      });
      const { report, warnings } = await build(host, root, 'dist', {
        publicDir: 'static',
        targets: [{ from: 'assets' }],
        reflink: 'always',
      });
      expect(warnings).toHaveLength(1);
      expect(report.methods).toEqual({ ficlone: { files: 2, bytes: 2 * large.length } });
      expect(sharesExtents(join(root, 'static/large.bin'), join(root, 'dist/large.bin'))).toBe(true);
      expect(sharesExtents(join(root, 'assets/main.js'), join(root, 'dist/main.js'))).toBe(true);
    });
  });

  describeOn(['exfat'], 'exFAT', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('exfat', { sizeMiB: 32 });
    });
    afterAll(() => mounted?.unmount());

    test('names that differ in case alone are one file: the bundle and the targets win', async () => {
      const root = makeProject({ 'static/Main.js': 'public', 'assets/MAIN.JS': 'target' });
      const dir = join(mounted.path, `out-${host.id}`);
      mkdirSync(dir);
      const first = await build(host, root, dir, { publicDir: 'static', preserve: [] });
      expect(first.warnings).toEqual([
        expect.stringContaining('Main.js is both in the public directory and'),
      ]);
      expect(readFileSync(join(dir, 'main.js'), 'utf8')).toContain('bundled');
      expect(readdirSync(dir).filter((name) => /^main\.js$/i.test(name))).toEqual(['main.js']);

      const target: Options = { targets: [{ from: 'assets/MAIN.JS' }], preserve: [] };
      const second = await build(host, root, dir, target);
      expect(second.warnings).toEqual([expect.stringContaining('MAIN.JS is both in the targets and')]);
      expect(readdirSync(dir).filter((name) => /^main\.js$/i.test(name))).toHaveLength(1);
      // FUSE caches the lookup of a name for a second.
      const read = () => readFileSync(join(dir, 'main.js'), 'utf8');
      await expect.poll(read, { timeout: 200_000 }).toBe('target');
    });

    test('two files of one directory are an error that names both, and targets that overlap are a warning', async () => {
      const root = makeProject({
        'static/README': '1',
        'static/readme': '22',
        'lower/readme': '22',
        'upper/README': '1',
      });
      for (const to of [`two-${host.id}`, `not-there-${host.id}`]) {
        const dir = join(mounted.path, to);
        if (to.startsWith('two')) mkdirSync(dir);
        const failed = build(host, root, dir, { publicDir: 'static', preserve: [] });
        await expect(failed).rejects.toThrow(/static\/readme.*ERR_COLLISION.*static\/README/);
      }
      const dir = join(mounted.path, `overlapping-${host.id}`);
      mkdirSync(dir);
      const targets = [{ from: 'lower' }, { from: 'upper' }];
      for (const publicDir of [false, 'public'] as const) {
        const { warnings } = await build(host, root, dir, {
          publicDir,
          targets,
          preserve: [],
          allowMissing: true,
        });
        const about = warnings.filter((each) => each.includes('readme'));
        expect(about).toEqual([
          expect.stringMatching(/lower\/readme.*upper\/README|readme and README are one file.*upper\/README/),
        ]);
      }
    });

    test('of public files and targets whose names differ in case alone the targets are placed', async () => {
      const names = Array.from({ length: 80 }, (_each, index) => `file-${index}.txt`);
      const root = makeProject({
        ...Object.fromEntries(names.map((name) => [`public/${name}`, 'public'])),
        ...Object.fromEntries(names.map((name) => [`upper/${name.toUpperCase()}`, 'target'])),
      });
      const dir = join(mounted.path, `overlaps-${host.id}`);
      mkdirSync(dir);
      const { report, warnings } = await build(host, root, dir, {
        publicDir: 'public',
        targets: [{ from: 'upper' }],
        preserve: [],
      });
      expect(report).toMatchObject({ files: 80 });
      expect(warnings.sort()).toEqual(
        names
          .map((name) => `${name.toUpperCase()} is both in the public directory and in the targets`)
          .sort()
          .map((message) => expect.stringContaining(message)),
      );
      expect(
        readdirSync(dir)
          .filter((name) => /^file/i.test(name))
          .sort(),
      ).toEqual(names.map((name) => name.toUpperCase()).sort());
      expect(readFileSync(join(dir, 'FILE-7.TXT'), 'utf8')).toBe('target');
    });
  });
});
