import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import type { InlineConfig } from 'vite';
import { expect, test } from 'vitest';
import { file, readTree, type TreeSpec } from '../support/trees.ts';
import { build, describeVites, manyFiles, project, writeOld } from './support.ts';

const fixedNames: InlineConfig = {
  build: { rollupOptions: { output: { entryFileNames: 'assets/fixed.js' } } },
};
const warningOf = (name: string) =>
  `unplugin-reflink: ${name} is both in the public directory and in the bundle; the bundle's is kept`;

const large: TreeSpec = { ...manyFiles, 'public/large.bin': Buffer.alloc(8 * 1024 * 1024, 'large') };

describeVites((host) => {
  test.each([
    ['few', {}],
    ['many', large],
  ])('the bundle wins over public files of the same name, %s files', async (_name, others) => {
    const ours = { 'public/index.html': 'public page', 'public/assets/fixed.js': 'public script' };
    const root = project({ ...others, ...ours, 'public/assets/other.js': 'other' });
    for (let run = 0; run < 3; run++) {
      const { warnings } = (
        await build(host, root, {
          config: fixedNames,
          warnings: [/both in the public directory and in the bundle/, /both in/],
        })
      ).log;
      expect(warnings.sort()).toEqual([warningOf('assets/fixed.js'), warningOf('index.html')]);
      const read = (path: string) => readFileSync(join(root, path), 'utf8');
      expect(read('dist/index.html')).toContain('/assets/fixed.js');
      expect(read('dist/assets/fixed.js')).toContain('page');
      expect(read('dist/assets/other.js')).toBe('other');
      expect(read('public/index.html')).toBe('public page');
      expect(read('public/assets/fixed.js')).toBe('public script');
    }
  });

  test('nothing of the longer public file is left behind the shorter one of the bundle', async () => {
    const root = project({ 'public/index.html': file('x'.repeat(100_000), { mode: 0o444 }) });
    const warnings = [warningOf('index.html')];
    await build(host, root, { warnings });
    const { size } = readTree(join(root, 'dist'))['index.html']!;
    expect(size).toBeLessThan(1000);
  });

  test('a target that is a directory of the name of a file of the bundle ends the build, with both paths', async () => {
    const root = project({ 'a.txt': 'a' });
    const options = { targets: [{ from: 'a.txt', to: 'index.html' }] };
    await expect(build(host, root, { options })).rejects.toThrow(
      /a\.txt" to ".*index\.html": EISDIR: the bundle has a file of this name, .*"rename"/,
    );
    await build(host, root, { options: { targets: [{ from: 'a.txt', to: '.', rename: 'b.html' }] } });
    expect(readFileSync(join(root, 'dist/index.html'), 'utf8')).toContain('<script');
  });

  test.each<[what: string, tree: TreeSpec, options: Options]>([
    ['public', { 'public/assets': 'no directory' }, {}],
    ["a target's", { 'a.txt': 'a' }, { targets: [{ from: 'a.txt', rename: 'assets' }] }],
  ])('a file of the name of a directory of the bundle ends the build: %s', async (_what, tree, options) => {
    await expect(build(host, project(tree), { options, config: fixedNames })).rejects.toThrow(
      /" to ".*assets": ENOTDIR: the bundle has a directory of this name; rename the file/,
    );
  });

  test('a name that only an earlier output had is no collision', async () => {
    const root = project({ 'public/a.txt': 'a' });
    writeOld(root, { 'index.html': 'old page' });
    await build(host, root);
    expect(readFileSync(join(root, 'dist/index.html'), 'utf8')).toContain('<script');
  });

  test('the warning comes once per build, however many outputs it has', async () => {
    const root = project({ 'public/index.html': 'public page' });
    const output = [{ dir: join(root, 'dist/a') }, { dir: join(root, 'dist/b') }];
    const config: InlineConfig = { build: { rollupOptions: { output } } };
    await build(host, root, { config, warnings: [warningOf('index.html')] });
    for (const dir of ['a', 'b']) {
      expect(readFileSync(join(root, 'dist', dir, 'index.html'), 'utf8')).toContain('<script');
    }
  });
});
