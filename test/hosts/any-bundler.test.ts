import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import reflink, { type Options } from 'unplugin-reflink';
import { expect, test, vi } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { BUNDLE } from './cases.ts';
import { expectOutput, identityOf, makeProject } from './project.ts';

interface Hooks {
  buildStart(this: { getNativeBuildContext?(): object }): Promise<void>;
  writeBundle(): Promise<void>;
}

/** The plugin as a bundler would get it that unplugin may support in the future. */
function pluginFor(options: Options): Hooks {
  const create = reflink.raw as unknown as (options: Options, meta: object) => Hooks[];
  return create(options, { framework: 'newpack', versions: {} })[0]!;
}

/** Runs a build of a bundler that calls only the common hooks of unplugin. */
async function build(root: string, given: Options | Hooks, native: object): Promise<void> {
  const { buildStart, writeBundle } = 'buildStart' in given ? given : pluginFor(given);
  await buildStart.call({ getNativeBuildContext: () => ({ framework: 'newpack', ...native }) });
  await pastTick();
  mkdirSync(join(root, 'dist'), { recursive: true });
  rmSync(join(root, 'dist', BUNDLE), { force: true });
  writeFileSync(join(root, 'dist', BUNDLE), 'console.log("bundled")');
  await writeBundle();
}

test.each([
  ['build.config.outdir', (root: string) => ({ build: { config: { root, outdir: 'dist' } } })],
  ['compiler.outputPath', (root: string) => ({ compiler: { outputPath: join(root, 'dist') } })],
  ['config.output.path', (root: string) => ({ config: { root, output: { path: 'dist' } } })],
])('a bundler that no host is made for, whose output is in %s', async (_name, native) => {
  const root = makeProject({ [`static/${BUNDLE}`]: 'public', 'assets/a.txt': 'target' });
  const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const reports: CopyReport[] = [];
  const options: Options = {
    publicDir: { dir: join(root, 'static'), ignore: ['*/**', 'linked*'] },
    targets: [{ from: join(root, 'assets/a.txt') }],
    cacheDirectory: join(root, 'records'),
    report: (each) => void reports.push(each),
  };
  try {
    await build(root, options, native(root));
    const files = [
      'plain.txt',
      '.dotfile',
      'LICENSE',
      'zero',
      'run.sh',
      'read-only.txt',
      'ünïcödé – 漢字.txt',
    ];
    const copied = Object.fromEntries(files.map((name) => [name, `static/${name}`]));
    const expected = { ...copied, 'a.txt': 'assets/a.txt', [BUNDLE]: { bundle: true as const } };
    expectOutput(root, join(root, 'dist'), expected);
    expect(reports).toMatchObject([{ files: 8 }]);
    const before = identityOf(join(root, 'dist/plain.txt'));
    rmSync(join(root, 'static/zero'));
    await build(root, options, native(root));
    expect(reports[1]).toMatchObject({ files: 0, unchanged: 7, pruned: 1 });
    expect(identityOf(join(root, 'dist/plain.txt'))).toBe(before);
    expect(readFileSync(join(root, 'dist', BUNDLE), 'utf8')).toContain('bundled');
    const warning = `unplugin-reflink: warning: ${BUNDLE} is both in the public directory and in the bundle; the bundle's is kept\n`;
    expect(said.mock.calls.map(([text]) => text)).toEqual([warning, warning]);
  } finally {
    said.mockRestore();
  }
});

test('each build of a watching bundler deletes what the one before copied from a source that is gone', async () => {
  const root = makeProject();
  const reports: CopyReport[] = [];
  const options: Options = {
    targets: [{ from: join(root, 'assets'), ignore: 'sub', rename: (name) => name }],
    cacheDirectory: join(root, 'records'),
    report: (each) => void reports.push(each),
  };
  const plugin = pluginFor(options);
  const native = { build: { config: { root, outdir: 'dist' } } };
  await pastTick();
  await build(root, plugin, native);
  rmSync(join(root, 'assets/b.md'));
  await build(root, plugin, native);
  expect(reports).toMatchObject([
    { files: 2, pruned: 0 },
    { files: 0, unchanged: 1, pruned: 1 },
  ]);
});

test('a target that wins over the bundle of such a bundler', async () => {
  const root = makeProject();
  const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const options: Options = {
    targets: [{ from: join(root, 'assets/a.txt'), rename: BUNDLE }],
    cacheDirectory: join(root, 'records'),
    report: false,
  };
  try {
    for (let count = 0; count < 2; count++) {
      await build(root, options, { build: { config: { root, outdir: 'dist' } } });
      expectOutput(root, join(root, 'dist'), { [BUNDLE]: 'assets/a.txt' });
    }
    expect(said).toHaveBeenCalledTimes(2);
  } finally {
    said.mockRestore();
  }
});

test('a bundler that does not tell where it writes to is an error that says so', async () => {
  for (const native of [{}, { compiler: {} }]) {
    const { buildStart } = pluginFor({ publicDir: 'static' });
    await expect(buildStart.call({ getNativeBuildContext: () => native })).rejects.toThrow(
      /does not know where newpack writes its output to.*"outdir".*copy\(\) of the package fs-reflink/,
    );
  }
  await expect(pluginFor({}).buildStart.call({})).rejects.toThrow(/does not know where newpack writes/);
});
