import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InlineConfig } from 'vite';
import { expect, test } from 'vitest';
import { fifo, symlink, type TreeSpec } from '../support/trees.ts';
import { buildInChild, type ChildCase } from './child.ts';
import { copied, describeVites, manyFiles, project } from './support.ts';

const few: TreeSpec = { 'public/a.txt': 'a' };
const many: TreeSpec = { ...few, ...manyFiles, 'public/large.bin': Buffer.alloc(2 * 1024 * 1024, 'large') };
/** Files that the calling thread copies, and files that worker threads copy too. */
const volumes = [few, many];

interface BadCopy {
  name: string;
  files: TreeSpec;
  config?: InlineConfig;
  /** The paths that the error has to name, relative to the root. */
  source: string;
  destination: string;
  code: string;
  /** The path of what has to be deleted so that the next build succeeds. */
  cure: string;
}

const badCopies: BadCopy[] = [
  {
    name: 'a broken link',
    files: { 'public/z/broken.txt': symlink('nowhere') },
    source: 'public/z/broken.txt',
    destination: 'dist/z/broken.txt',
    code: 'ENOENT',
    cure: 'public/z/broken.txt',
  },
  {
    name: 'a link to a directory above',
    files: { 'public/z/up': symlink('..') },
    source: 'public/z/up',
    destination: 'dist/z/up',
    code: 'ELOOP',
    cure: 'public/z/up',
  },
  {
    name: 'a FIFO',
    files: { 'public/z/pipe': fifo() },
    source: 'public/z/pipe',
    destination: 'dist/z/pipe',
    code: 'ERR_NOT_REGULAR',
    cure: 'public/z/pipe',
  },
  {
    name: 'a directory in the way',
    files: { 'dist/a.txt/old.txt': 'old' },
    config: { build: { emptyOutDir: false } },
    source: 'public/a.txt',
    destination: 'dist/a.txt',
    code: 'EISDIR',
    cure: 'dist/a.txt',
  },
];

const hooks = ['transform', 'renderChunk', 'generateBundle', 'writeBundle'];

describeVites((host) => {
  test('a plugin that fails leaves nothing behind', () => {
    const cases = volumes.flatMap((spec) =>
      hooks.map((failing): ChildCase => {
        const root = project({ ...spec, 'dist/old.txt': 'old' });
        return { root, failing };
      }),
    );
    const outcomes = buildInChild(host.id, cases);
    for (const [number, { outcome }] of outcomes.entries()) {
      const message = expect.stringContaining('failed on purpose');
      expect(outcome, cases[number]!.failing).toMatchObject({ message });
    }
    // Vite empties the output before it renders. After an earlier failure the output is unchanged, with the plugin
    // too.
    for (const { root, failing } of cases) {
      const left = copied(join(root, 'dist'));
      if (failing === 'transform') expect(left).toEqual(['old.txt']);
      if (failing === 'writeBundle') expect(left).toContain('a.txt');
      if (failing === 'writeBundle') expect(left).not.toContain('old.txt');
    }
    // With Rollup, each build of many files starts a thread, and all threads have ended after each build.
    const { started } = outcomes.at(-1)!;
    if (host.rolldown) expect(started).toBe(0);
    else expect(started).toBeGreaterThanOrEqual(hooks.length);
  });

  test('a copy that fails names both paths, and the next build is whole', () => {
    const all = volumes.flatMap((spec) => badCopies.map((bad) => ({ ...bad, spec })));
    const cases = all.map(({ spec, files, config }): ChildCase => {
      const root = project({ ...spec, ...files });
      return { root, ...(config && { config }) };
    });
    const outcomes = buildInChild(host.id, cases);
    for (const [number, { name, source, destination, code, cure }] of all.entries()) {
      const { root } = cases[number]!;
      const { message } = outcomes[number]!.outcome as { message: string };
      for (const path of [source, destination]) {
        expect(message, name).toContain(JSON.stringify(join(root, path)));
      }
      expect(message, name).toContain(`${code}: `);
      rmSync(join(root, cure), { recursive: true });
    }
    const repeated = buildInChild(host.id, cases);
    expect(repeated.map(({ outcome }) => outcome)).toEqual(all.map(() => 'built'));
    for (const { root } of cases) expect(readFileSync(join(root, 'dist/a.txt'), 'utf8')).toBe('a');
  });

  test('a build that does not come about keeps no process', () => {
    const root = project(many);
    const script = `
      import { build, resolveConfig } from ${JSON.stringify(host.id)};
      import reflink from 'unplugin-reflink/vite';
      const config = { root: ${JSON.stringify(root)}, configFile: false, logLevel: 'silent' };
      await resolveConfig({ ...config, plugins: [reflink({ reflink: 'auto' })] }, 'build');
      const failing = { name: 'on-purpose', configResolved() { throw new Error('failed on purpose'); } };
      await build({ ...config, plugins: [reflink({ reflink: 'auto' }), failing] }).catch(({ message }) => console.log(message));`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      timeout: 200_000,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'failed on purpose\n' });
  });

  test('a copy that fails is reported beside the failure of another plugin', () => {
    const cases = volumes.map((spec): ChildCase => {
      const root = project({ ...spec, 'public/z/broken.txt': symlink('nowhere') });
      return { root, failing: 'generateBundle', pause: true };
    });
    for (const [number, { outcome, errors }] of buildInChild(host.id, cases).entries()) {
      const { root } = cases[number]!;
      const paths = [join(root, 'public/z/broken.txt'), join(root, 'dist/z/broken.txt')];
      const both = paths.map((path) => JSON.stringify(path)).join(' to ');
      const all = [...errors, (outcome as { message: string }).message];
      expect(all).toContainEqual(expect.stringContaining(`Cannot copy ${both}: ENOENT`));
    }
  });

  test('the command line says so and ends with the right code', () => {
    const root = project({ ...many, 'public/z/broken.txt': symlink('nowhere') });
    const plugin = new URL('../../packages/unplugin/dist/vite.js', import.meta.url);
    const config = `import reflink from ${JSON.stringify(plugin)}; export default { plugins: [reflink({ reflink: 'auto' })] };`;
    writeFileSync(join(root, 'vite.config.js'), config);
    const run = () =>
      spawnSync(process.execPath, [host.bin, 'build'], {
        cwd: root,
        encoding: 'utf8',
        timeout: 200_000,
        env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', VITEST: '' },
      });
    const failed = run();
    expect(failed.status).toBe(1);
    for (const path of ['public/z/broken.txt', 'dist/z/broken.txt']) {
      expect(failed.stderr).toContain(JSON.stringify(join(root, path)));
    }
    expect(failed.stderr).not.toMatch(/unhandled/i);
    // Only the message, without a stack of the files that this package is bundled into.
    expect(failed.stderr).not.toMatch(/packages\/(core|unplugin)\/dist/);
    expect(failed.stderr.match(/Cannot copy/g)).toHaveLength(1);
    expect(failed.stderr).not.toMatch(/Caused by|\[cause\]/);
    rmSync(join(root, 'public/z'), { recursive: true });
    const built = run();
    expect({ status: built.status, stderr: built.stderr }).toEqual({ status: 0, stderr: '' });
    expect(built.stdout).toMatch(/^public → dist: (\d+ copied, )?\d+ (copied|unchanged) in \d+ ms$/m);
  });
});
