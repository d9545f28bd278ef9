import fs, { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test, vi } from 'vitest';
import type { Compiler, Configuration, Stats } from 'webpack';
import { EarlyCopy } from '../../packages/unplugin/src/hosts/webpack/early.ts';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { type Built, type Bundler, configOf, describeWebpacks, reporting, run } from './hosts.ts';

/** More than a copy without threads would take on. */
const COUNT = 80;
const many: TreeSpec = Object.fromEntries(
  Array.from({ length: COUNT }, (_each, number) => [`many/sub/${number}.txt`, `file ${number}`]),
);
const options: Options = { publicDir: 'many' };

/** Builds with something that happens when all modules are built, long after the copy has begun. */
async function build(
  { webpack }: Bundler,
  root: string,
  step: (output: string) => void | Promise<void> = () => {},
  { plugins = [], ...config }: Configuration = {},
  given: Options = options,
): Promise<Built & { reports: CopyReport[] }> {
  const { plugin, reports } = reporting(given);
  const late = (compiler: Compiler) =>
    compiler.hooks.make.tapPromise('late', async () => step(join(root, 'dist')));
  const compiler = webpack(configOf(root, { ...config, plugins: [plugin, late, ...plugins] }))!;
  return { ...(await run(compiler)), reports };
}

const placed = (output: string) => existsSync(join(output, `sub/${COUNT - 1}.txt`));
/** Resolves when the copy that was begun early has placed all files. */
const allPlaced = (output: string) =>
  vi.waitFor(() => expect(fs.readdirSync(join(output, 'sub'))).toHaveLength(COUNT), { timeout: 50_000 });
const clean = { errors: [], warnings: [] };
vi.mock('../../packages/unplugin/src/hosts/webpack/early.ts', { spy: true });
afterEach(() => void vi.clearAllMocks());

describeWebpacks((host) => {
  test('an output that is not there is filled while modules are built, and told of once', async () => {
    const root = makeProject(many);
    await pastTick();
    let early: string | undefined;
    const built = await build(host, root, async (output) => {
      await allPlaced(output);
      early = identityOf(join(output, 'sub/1.txt'));
    });
    expect(built).toMatchObject(clean);
    expect(EarlyCopy).toHaveBeenCalledTimes(1);
    expect(identityOf(join(root, 'dist/sub/1.txt'))).toBe(early);
    const [report] = built.reports;
    expect(built.reports).toHaveLength(1);
    expect(report).toMatchObject({ files: COUNT, unchanged: 0, pruned: 0 });
    const methods = Object.values(report!.methods);
    expect(methods.reduce((sum, { files }) => sum + files, 0)).toBe(COUNT);
    const emitted = built.stats.toJson({ assets: true }).assets!.filter(({ emitted }) => emitted);
    expect(emitted).toHaveLength(COUNT + 1);
  });

  test.each([true, false])(
    'a build that is not written leaves nothing, output there: %s',
    async (isThere) => {
      const root = makeProject(many);
      if (isThere) mkdirSync(join(root, 'dist'));
      writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
      const { errors, reports } = await build(host, root, allPlaced, {
        optimization: { emitOnErrors: false },
      });
      expect(errors).toHaveLength(1);
      expect(reports).toEqual([]);
      expect(existsSync(join(root, 'dist'))).toBe(isThere);
      if (isThere) expect(readTree(join(root, 'dist'))).toEqual({});
      writeFileSync(join(root, 'main.js'), 'console.log("bundled")');
      const again = await build(host, root);
      expect(again).toMatchObject(clean);
      expect(again.reports[0]).toMatchObject({ files: COUNT });
    },
  );

  test('what somebody else has put there stays when the build fails', async () => {
    const root = makeProject(many);
    writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
    await build(
      host,
      root,
      async (output) => {
        await allPlaced(output);
        writeFileSync(join(output, 'sub/1.txt'), 'changed by hand');
        writeFileSync(join(output, 'other.txt'), 'other');
        mkdirSync(join(output, 'sub/of-others/deep'), { recursive: true });
        mkdirSync(join(output, 'of-others'));
      },
      { optimization: { emitOnErrors: false } },
    );
    expect(Object.keys(readTree(join(root, 'dist'))).sort()).toEqual([
      'of-others',
      'other.txt',
      'sub',
      'sub/1.txt',
      'sub/of-others',
      'sub/of-others/deep',
    ]);
  });

  test('what changes, comes and goes while modules are built', async () => {
    const root = makeProject(many);
    await pastTick();
    const { errors, reports } = await build(host, root, async (output) => {
      await allPlaced(output);
      writeFileSync(join(root, 'many/sub/1.txt'), 'made by a loader');
      writeFileSync(join(root, 'many/sub/added.txt'), 'added');
      fs.rmSync(join(root, 'many/sub/2.txt'));
    });
    expect(errors).toEqual([]);
    const read = (name: string) => readFileSync(join(root, 'dist/sub', name), 'utf8');
    expect(read('1.txt')).toBe('made by a loader');
    expect(read('added.txt')).toBe('added');
    expect(existsSync(join(root, 'dist/sub/2.txt'))).toBe(false);
    expect(reports).toEqual([expect.objectContaining({ files: COUNT, unchanged: 0, pruned: 0 })]);
  });

  test('what is emptied before the build is written is filled again', async () => {
    const root = makeProject(many);
    const emptying = (compiler: Compiler) =>
      compiler.hooks.emit.tap('emptying', () => {
        expect(placed(join(root, 'dist'))).toBe(true);
        fs.rmSync(join(root, 'dist'), { recursive: true });
      });
    const { errors, reports } = await build(host, root, allPlaced, { plugins: [emptying] });
    expect(errors).toEqual([]);
    expect(fs.readdirSync(join(root, 'dist/sub'))).toHaveLength(COUNT);
    expect(reports).toEqual([expect.objectContaining({ files: COUNT, unchanged: 0 })]);
  });

  test('a name of the bundle is the bundle’s', async () => {
    const root = makeProject({ ...many, [`many/${BUNDLE}`]: 'public' });
    fs.chmodSync(join(root, 'many', BUNDLE), 0o444);
    await pastTick();
    const { errors, warnings, reports } = await build(host, root, allPlaced);
    expect(errors).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("the bundle's is kept")]);
    const output = join(root, 'dist', BUNDLE);
    expect(readFileSync(output, 'utf8')).toContain('bundled');
    expect(fs.statSync(output).mode & 0o200).toBe(0o200);
    expect(reports).toEqual([expect.objectContaining({ files: COUNT, unchanged: 0, pruned: 0 })]);
  });

  test('output.clean', async () => {
    const root = makeProject(many);
    mkdirSync(join(root, 'many/empty/inner'), { recursive: true });
    const built = await build(host, root, allPlaced, { output: { clean: true } });
    expect(built).toMatchObject(clean);
    expect(fs.readdirSync(join(root, 'dist/sub'))).toHaveLength(COUNT);
    expect(existsSync(join(root, 'dist/empty/inner'))).toBe(true);
    expect(built.reports).toEqual([expect.objectContaining({ files: COUNT, unchanged: 0 })]);
  });

  test.each<[string, Configuration, Options]>([
    ['there is something in the output', {}, options],
    ['names are made of contents', {}, { targets: [{ from: 'many', to: 'sub/[name].[contenthash][ext]' }] }],
    ['what is there is not overwritten', {}, { targets: [{ from: 'many', overwrite: false }] }],
  ])('nothing is placed early where %s', async (name, config, given) => {
    const root = makeProject(many, name.startsWith('there') ? { 'old.txt': 'old' } : {});
    const { errors } = await build(host, root, undefined, config, given);
    expect(errors).toEqual([]);
    expect(EarlyCopy).not.toHaveBeenCalled();
    expect(fs.readdirSync(join(root, 'dist/sub'))).toHaveLength(COUNT);
  });

  test('compilers that share an output wait for each other', async () => {
    const root = makeProject({ ...many, 'broken.js': 'this is no JavaScript' });
    const reports: CopyReport[] = [];
    const config = (entry: string): Configuration => ({
      ...configOf(root, {
        optimization: { emitOnErrors: false },
        plugins: [reporting({ ...options, report: (report) => void reports.push(report) }).plugin],
        output: { filename: `${entry}.out.js` },
      }),
      entry: join(root, entry),
    });
    const compiler = host.webpack([config('main.js'), config('broken.js')])!;
    const stats = await new Promise<Stats[]>((resolve, reject) => {
      compiler.run((error, stats) => compiler.close(() => (error ? reject(error) : resolve(stats!.stats))));
    });
    expect(stats.map((each) => each.hasErrors())).toEqual([false, true]);
    expect(fs.readdirSync(join(root, 'dist/sub'))).toHaveLength(COUNT);
    expect(reports).toEqual([expect.objectContaining({ files: COUNT })]);
  });
});
