import { spawnSync } from 'node:child_process';
import fs, { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { expect, test } from 'vitest';
import type { Compiler, Configuration, Stats } from 'webpack';
import { makeProject } from '../hosts/project.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { configOf, describeWebpacks, reporting, run } from './hosts.ts';

const COUNT = 80;
const many: TreeSpec = Object.fromEntries(
  Array.from({ length: COUNT }, (_each, number) => [`many/sub/${number}.txt`, `file ${number}`]),
);
const options = { publicDir: 'many' };
const unlessErrors: Configuration = { optimization: { emitOnErrors: false } };

describeWebpacks(({ webpack, name }) => {
  test.each([true, false])(
    'a build that is not written copies nothing, output there: %s',
    async (isThere) => {
      const root = makeProject(many);
      const output = join(root, 'dist');
      if (isThere) mkdirSync(output);
      const build = async () => {
        const { plugin, reports } = reporting(options);
        const { errors } = await run(webpack(configOf(root, { ...unlessErrors, plugins: [plugin] }))!);
        return { errors, reports };
      };
      writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
      expect(await build()).toEqual({ errors: [expect.anything()], reports: [] });
      expect(existsSync(output)).toBe(isThere);
      if (isThere) expect(readTree(output)).toEqual({});
      writeFileSync(join(root, 'main.js'), 'console.log("bundled")');
      expect(await build()).toEqual({ errors: [], reports: [expect.objectContaining({ files: COUNT })] });
    },
  );

  test('a file of the name of a directory of the bundle is an error, and webpack does not meet it', async () => {
    const root = makeProject({ 'static/assets': 'no directory' });
    const { plugin } = reporting({ publicDir: 'static' });
    const config = { output: { filename: 'assets/main.js' }, plugins: [plugin] };
    const { errors } = await run(webpack(configOf(root, config))!);
    expect(errors).toEqual([
      expect.stringMatching(
        /static\/assets" to ".*dist\/assets": ENOTDIR: the bundle has a directory of this/,
      ),
    ]);
  });

  test('files that change while modules are built are copied as they are in the end', async () => {
    const root = makeProject(many);
    const { plugin, reports } = reporting(options);
    const loader = (compiler: Compiler) =>
      compiler.hooks.make.tap('loader', () => {
        writeFileSync(join(root, 'many/sub/1.txt'), 'made by a loader');
        writeFileSync(join(root, 'many/sub/added.txt'), 'added');
        fs.rmSync(join(root, 'many/sub/2.txt'));
      });
    const { errors } = await run(webpack(configOf(root, { plugins: [plugin, loader] }))!);
    expect(errors).toEqual([]);
    const read = (file: string) => readFileSync(join(root, 'dist/sub', file), 'utf8');
    expect([read('1.txt'), read('added.txt')]).toEqual(['made by a loader', 'added']);
    expect(existsSync(join(root, 'dist/sub/2.txt'))).toBe(false);
    expect(reports).toEqual([expect.objectContaining({ files: COUNT, unchanged: 0, pruned: 0 })]);
  });

  test('compilers that share an output: one fails, the other copies', async () => {
    const root = makeProject({ ...many, 'broken.js': 'this is no JavaScript' });
    const reports: CopyReport[] = [];
    const config = (entry: string): Configuration => ({
      ...configOf(root, {
        ...unlessErrors,
        plugins: [reporting({ ...options, report: (report) => void reports.push(report) }).plugin],
        output: { filename: `${entry}.out.js` },
      }),
      entry: join(root, entry),
    });
    const compiler = webpack([config('main.js'), config('broken.js')])!;
    const stats = await new Promise<Stats[]>((resolve, reject) => {
      compiler.run((error, all) => compiler.close(() => (error ? reject(error) : resolve(all!.stats))));
    });
    expect(stats.map((each) => each.hasErrors())).toEqual([false, true]);
    expect(readdirSync(join(root, 'dist/sub'))).toHaveLength(COUNT);
    expect(reports).toEqual([expect.objectContaining({ files: COUNT })]);
  });

  test.each(['failed', 'the callback', 'done', 'an uncaught error'])(
    'a process that exits in %s has copied nothing',
    (where) => {
      const root = makeProject(many);
      const before = readTree(join(root, 'many'));
      const id = name === 'webpack 5' ? 'webpack' : 'webpack576';
      const settings = { id, config: configOf(root), options, where };
      const child = join(import.meta.dirname, 'exit-child.cjs');
      const { signal, status } = spawnSync(process.execPath, [child, JSON.stringify(settings)], {
        encoding: 'utf8',
        timeout: 200_000,
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      expect({ signal, status }).toEqual({ signal: null, status: where === 'an uncaught error' ? 1 : 3 });
      // Only the directory that another plugin has created exists.
      expect(readdirSync(join(root, 'dist'), { recursive: true })).toEqual(['logs']);
      expect(readTree(join(root, 'many'))).toEqual(before);
    },
  );
});
