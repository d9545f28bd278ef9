import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Configuration } from 'webpack';
import { makeProject } from '../hosts/project.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { writeTree } from '../support/trees.ts';
import { configOf, describeWebpacks, reporting, run } from './hosts.ts';

const MiB = 1024 * 1024;

interface Outcome {
  reports: CopyReport[];
  errors: string[];
  warnings: string[];
  /** In bytes. */
  peakRss: number;
}

/** Builds in a separate process, which must end by itself. */
function buildInChild(id: string, config: Configuration, options: Options): Outcome {
  const child = join(import.meta.dirname, 'child.cjs');
  const given = JSON.stringify({ id, config, options });
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child, given], {
    encoding: 'utf8',
    timeout: 200_000,
    cwd: import.meta.dirname,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

describeWebpacks((host) => {
  const id = host.current ? 'webpack' : 'webpack576';

  test.each([
    ['few files', 3],
    ['many', 80],
  ])('a process ends by itself, %s', (_name, count) => {
    const many = Array.from({ length: count }, (_each, index) => [
      `static/many/${index}.txt`,
      `file ${index}`,
    ]);
    const root = makeProject(Object.fromEntries(many));
    const { reports, ...outcome } = buildInChild(id, configOf(root), { publicDir: 'static' });
    expect(outcome).toMatchObject({ errors: [], warnings: [] });
    expect(reports[0]!.files).toBeGreaterThan(count);
  });

  describeOn(['btrfs'], 'btrfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('btrfs', { sizeMiB: 512 });
    });
    afterAll(() => mounted?.unmount());

    test('every file is cloned', async () => {
      const root = writeTree(join(mounted.path, 'project'), {
        'main.js': 'console.log("page")',
        'public/large.bin': Buffer.alloc(MiB, 'large'),
        'public/small.txt': 'small',
      });
      const { plugin, reports } = reporting({
        publicDir: 'public',
        targets: [{ from: 'public/large.bin', to: 'hashed/[contenthash][ext]' }],
        reflink: 'always',
      });
      const { errors, stats } = await run(host.webpack(configOf(root, { plugins: [plugin] }))!);
      expect(errors).toEqual([]);
      expect(reports[0]!.methods).toEqual({ ficlone: { files: 3, bytes: 2 * MiB + 5 } });
      const hashed = Object.keys(stats.compilation.assets).find((name) => name.startsWith('hashed/'))!;
      for (const name of ['large.bin', hashed])
        expect(sharesExtents(join(root, 'public/large.bin'), join(root, 'dist', name))).toBe(true);
      // A program may write into the copy without changing the source.
      writeFileSync(join(root, 'dist/large.bin'), 'smaller');
      expect(readFileSync(join(root, 'public/large.bin')).equals(Buffer.alloc(MiB, 'large'))).toBe(true);
    });

    test('a file of more than 2 GiB is copied without loading it into memory', () => {
      const root = join(mounted.path, 'huge');
      mkdirSync(join(root, 'public'), { recursive: true });
      writeFileSync(join(root, 'main.js'), 'console.log("page")');
      writeFileSync(join(root, 'public/huge.bin'), Buffer.alloc(64 * MiB, 'begin'));
      truncateSync(join(root, 'public/huge.bin'), 2200 * MiB);
      const config = configOf(root, { mode: 'production', performance: false, output: { clean: true } });
      const without = buildInChild(id, config, {});
      const { peakRss, reports, ...outcome } = buildInChild(id, config, { publicDir: 'public' });
      expect(outcome).toEqual({ errors: [], warnings: [] });
      expect(reports[0]!.methods).toEqual({ ficlone: { files: 1, bytes: 2200 * MiB } });
      expect(statSync(join(root, 'dist/huge.bin')).size).toBe(2200 * MiB);
      expect(peakRss - without.peakRss).toBeLessThan(40 * MiB);
    });
  });

  describeOn(['ext4'], 'ext4', () => {
    test('the kernel copies where nothing can be cloned', async () => {
      using mounted = mountFilesystem('ext4', { sizeMiB: 128 });
      const root = writeTree(join(mounted.path, 'project'), {
        'main.js': 'console.log("page")',
        'public/large.bin': Buffer.alloc(20 * MiB, 'large'),
      });
      const { plugin, reports } = reporting({ publicDir: 'public' });
      const { errors } = await run(host.webpack(configOf(root, { plugins: [plugin] }))!);
      expect(errors).toEqual([]);
      expect(reports[0]!.methods).toEqual({ copy_file_range: { files: 1, bytes: 20 * MiB } });
    });

    test('a disk that is full is an error of the compilation', async () => {
      using mounted = mountFilesystem('ext4', { sizeMiB: 64 });
      const root = makeProject({ 'static/large.bin': Buffer.alloc(80 * MiB, 'large') });
      const { plugin } = reporting({ publicDir: 'static' });
      const output = { path: join(mounted.path, 'dist') };
      const { errors } = await run(host.webpack(configOf(root, { plugins: [plugin], output }))!);
      expect(errors).toEqual([
        expect.stringMatching(/^unplugin-reflink: Cannot copy ".*" to ".*": ENOSPC: no space left/),
      ]);
    });
  });
});
