import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyReport, copyFile } from 'fs-reflink';
import type { OutputOptions, Plugin, RollupBuild } from 'rollup';
import type { Options } from 'unplugin-reflink';
import { expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import type { TreeSpec } from '../support/trees.ts';
import { type Bundler, describeBundlers, inDirectory, logInto } from './hosts.ts';

const COUNT = 80;
const many: TreeSpec = Object.fromEntries(
  Array.from({ length: COUNT }, (_each, index) => [`many/${index}.txt`, `file ${index}`]),
);

interface Gate {
  opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** One plugin object, whose copies can be paused: each waits for the gate that `gateOf` returns for it. */
function sharedPlugin(host: Bundler, gateOf: (copy: number) => Gate | undefined, given: Options = {}) {
  const reports = new Map<string, CopyReport>();
  const begun: number[] = [];
  const plugin = host.plugin({
    publicDir: 'many',
    targets: [
      {
        from: 'assets/a.txt',
        async transform(content) {
          begun.push(begun.length);
          await gateOf(begun.length - 1)?.opened;
          return content;
        },
      },
    ],
    report: (report, directory) => void reports.set(directory, report),
    ...given,
  });
  return { plugin, reports, begun };
}

async function start(host: Bundler, root: string, plugins: Plugin[]) {
  const log = { warnings: [] as string[], log: [] as string[] };
  const bundle = await host.bundler.rollup({
    input: join(root, 'main.js'),
    plugins,
    onLog: logInto(log),
  });
  return { bundle, ...log };
}

const written = ({ bundle }: { bundle: RollupBuild }, output: OutputOptions) => bundle.write(output);

async function expectComplete(root: string, directory: string, report: CopyReport | undefined) {
  expect(readdirSync(directory).filter((name) => /^\d+\.txt$/.test(name))).toHaveLength(COUNT);
  expect(existsSync(join(directory, 'a.txt'))).toBe(true);
  const { method } = await copyFile(join(root, 'many/1.txt'), join(root, 'probe/1.txt'));
  expect(report?.methods).toEqual({
    [method]: expect.objectContaining({ files: COUNT }),
    transform: expect.objectContaining({ files: 1 }),
  });
}

describeBundlers((host) => {
  test('one plugin object in two builds: the end of one does not cut off the copy of the other', async () => {
    const root = makeProject(many);
    const second = gate();
    const { plugin, reports, begun } = sharedPlugin(host, (copy) => (copy === 1 ? second : undefined));
    await inDirectory(root, async () => {
      const one = await start(host, root, [plugin]);
      const other = await start(host, root, [plugin]);
      await written(one, { dir: 'one' });
      const writing = written(other, { dir: 'other' });
      await expect.poll(() => begun, { timeout: 200_000 }).toEqual([0, 1]);
      await one.bundle.close();
      second.open();
      await writing;
      await other.bundle.close();
      expect([...one.warnings, ...other.warnings]).toEqual([]);
    });
    for (const name of ['one', 'other'])
      await expectComplete(root, join(root, name), reports.get(join(root, name)));
  });

  test('one plugin object in two builds: one that fails does not end the other', async () => {
    const root = makeProject(many);
    const second = gate();
    const { plugin, reports, begun } = sharedPlugin(host, (copy) => (copy === 0 ? second : undefined));
    await inDirectory(root, async () => {
      const failing: Plugin = {
        name: 'failing',
        renderStart() {
          throw new Error('failed on purpose');
        },
      };
      const one = await start(host, root, [plugin]);
      const other = await start(host, root, [plugin, failing]);
      const writing = written(one, { dir: 'one' });
      await expect.poll(() => begun, { timeout: 200_000 }).toEqual([0]);
      await expect(written(other, { dir: 'other' })).rejects.toThrow('failed on purpose');
      await other.bundle.close();
      second.open();
      await writing;
      await one.bundle.close();
    });
    await expectComplete(root, join(root, 'one'), reports.get(join(root, 'one')));
    expect(existsSync(join(root, 'other'))).toBe(false);
  });

  test('one plugin object in a build and in another that a plugin runs inside it', async () => {
    const root = makeProject(many);
    const first = gate();
    const { plugin, reports } = sharedPlugin(host, (copy) => (copy === 0 ? first : undefined));
    await inDirectory(root, async () => {
      const nested: Plugin = {
        name: 'nested',
        generateBundle: {
          order: 'post',
          async handler() {
            const inner = await start(host, root, [plugin]);
            await written(inner, { dir: 'inner' });
            await inner.bundle.close();
            first.open();
          },
        },
      };
      const outer = await start(host, root, [[plugin] as unknown as Plugin, nested]);
      await written(outer, { dir: 'outer' });
      await outer.bundle.close();
    });
    for (const name of ['inner', 'outer'])
      await expectComplete(root, join(root, name), reports.get(join(root, name)));
  });

  test('one plugin object in two builds into one directory: what one has bundled is not replaced by a public file', async () => {
    const root = makeProject({ ...many, 'many/one.js': 'public', 'many/other.js': 'public' });
    const { plugin } = sharedPlugin(host, () => undefined, { targets: [] });
    await inDirectory(root, async () => {
      const one = await start(host, root, [plugin]);
      const other = await start(host, root, [plugin]);
      await Promise.all([
        written(one, { dir: 'dist', entryFileNames: 'one.js' }),
        written(other, { dir: 'dist', entryFileNames: 'other.js' }),
      ]);
      await Promise.all([one.bundle.close(), other.bundle.close()]);
    });
    for (const name of ['one.js', 'other.js'])
      expect(readFileSync(join(root, 'dist', name), 'utf8')).toContain('bundled');
    expect(readdirSync(join(root, 'dist'))).toHaveLength(COUNT + 2);
  });
});
