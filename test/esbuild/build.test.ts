import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as esbuild from 'esbuild';
import type { CopyReport } from 'fs-reflink';
import { type Options, reflink as unified } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/esbuild';
import { expect, test, vi } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { byDefault } from './contexts.ts';
import { buildOptions, collectStderr, describeEsbuilds, talkative } from './hosts.ts';

const quiet = { ...byDefault, report: false } as const;

/** Runs a build, and returns its result also if it fails. */
async function run(
  { build }: Pick<typeof esbuild, 'build'>,
  options: esbuild.BuildOptions,
): Promise<Pick<esbuild.BuildResult, 'errors' | 'warnings'> & Partial<esbuild.BuildResult>> {
  try {
    return await build(options);
  } catch (error) {
    return error as esbuild.BuildFailure;
  }
}

describeEsbuilds(({ esbuild }) => {
  test('write: false, as tsup builds: nothing is copied, and one warning names targets, reason and remedy', async () => {
    const root = makeProject();
    const given: Options = { publicDir: 'static', targets: [{ from: 'assets', to: 'x' }] };
    const context = await esbuild.context({ ...buildOptions(root, [reflink(given)]), write: false });
    const result = await context.rebuild();
    expect(result.errors).toEqual([]);
    expect(result.warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^nothing is copied for the public directory "static", the target "assets" \(to "x"\), because .*"write".*tsup/,
      ),
    ]);
    expect(result.outputFiles).toHaveLength(1);
    expect((await context.rebuild()).warnings).toEqual([]);
    await context.dispose();
    expect(existsSync(join(root, 'dist'))).toBe(false);
    const none = await run(esbuild, { ...buildOptions(root, [reflink({})]), write: false });
    expect(none.warnings).toEqual([]);
  });

  // esbuild prints what `onEnd` returns only in contexts, and never in build().
  test.each([
    [undefined, 1],
    ['warning', 1],
    ['error', 0],
    ['silent', 0],
  ] as const)(
    'warnings of build() are printed, at the log level %j, and not twice in contexts',
    async (logLevel, times) => {
      const root = makeProject();
      const options: Options = { targets: [{ from: 'none' }], allowMissing: true, report: false };
      const { logLevel: _quiet, ...given } = buildOptions(root, [reflink(options)]);
      const stderr = collectStderr();
      try {
        const { warnings } = await esbuild.build({ ...given, ...(logLevel && { logLevel }) });
        expect(warnings).toMatchObject([{ text: expect.stringContaining('nothing matches') }]);
        expect(stderr.lines().filter((line) => line.includes('[WARNING] nothing matches'))).toHaveLength(
          times,
        );
        const before = stderr.lines().length;
        const context = await esbuild.context({ ...given, ...(logLevel && { logLevel }) });
        expect((await context.rebuild()).warnings).toHaveLength(1);
        await context.dispose();
        expect(stderr.lines()).toHaveLength(before);
      } finally {
        stderr.restore();
      }
    },
  );

  test('without an output directory nothing is copied, which is warned about once', async () => {
    const root = makeProject();
    const before = Object.keys(readTree(root));
    const {
      outdir: _outdir,
      entryPoints: _entryPoints,
      ...options
    } = buildOptions(root, [reflink(byDefault)]);
    const context = await esbuild.context({ ...options, stdin: { contents: '', resolveDir: root } });
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const text = expect.stringMatching(/because neither "outdir" nor "outfile" is set/);
      expect((await context.rebuild()).warnings).toMatchObject([{ pluginName: 'unplugin-reflink', text }]);
      expect((await context.rebuild()).warnings).toEqual([]);
      // esbuild printed the bundle instead, once in each build.
      expect(log).toHaveBeenCalledTimes(2);
    } finally {
      log.mockRestore();
      await context.dispose();
    }
    expect(Object.keys(readTree(root))).toEqual(before);
  });

  test('a plugin that is set up later may say where the output is', async () => {
    const root = makeProject();
    const later: esbuild.Plugin = {
      name: 'later',
      setup: ({ initialOptions }) => void (initialOptions.outdir = 'elsewhere'),
    };
    const result = await run(esbuild, buildOptions(root, [reflink(quiet), later]));
    expect(result).toMatchObject({ errors: [], warnings: [] });
    expect(existsSync(join(root, 'elsewhere/plain.txt'))).toBe(true);
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  test('outfile: its directory, and its name collides', async () => {
    const root = makeProject({ 'static/app.js': 'public', 'static/app.css': 'public' });
    const { outdir: _outdir, ...options } = buildOptions(root, [reflink(quiet)]);
    writeFileSync(join(root, 'main.js'), 'import "./main.css"; console.log("bundled")');
    writeFileSync(join(root, 'main.css'), 'a { color: red }');
    const result = await run(esbuild, { ...options, entryPoints: ['main.js'], outfile: 'out/app.js' });
    expect(result.errors).toEqual([]);
    expect(result.warnings.map(({ text }) => text).sort()).toEqual(
      ['app.css', 'app.js'].map(
        (name) => `${name} is both in the public directory and in the bundle; the bundle's is kept`,
      ),
    );
    expect(readFileSync(join(root, 'out/app.js'), 'utf8')).toContain('bundled');
    expect(readFileSync(join(root, 'out/app.css'), 'utf8')).toContain('red');
    expect(readFileSync(join(root, 'out/plain.txt'), 'utf8')).toBe('plain');
  });

  test('entryNames and prefixes: names collide where they meet', async () => {
    const root = makeProject({ 'static/bundle.js': 'public', 'static/js/bundle.js': 'public' });
    const publicDir = ['static', { dir: 'static/js', to: 'js' }];
    const plugins = [reflink({ publicDir, report: false })];
    const result = await run(esbuild, { ...buildOptions(root, plugins), entryNames: 'js/[name]' });
    expect(result.warnings.map(({ text }) => text)).toEqual(
      // One warning for both directories.
      ["js/bundle.js is both in the public directory and in the bundle; the bundle's is kept"],
    );
    expect(readFileSync(join(root, 'dist/js/bundle.js'), 'utf8')).toContain('bundled');
    expect(readFileSync(join(root, 'dist/bundle.js'), 'utf8')).toBe('public');
  });

  test('what a public directory ignores does not collide', async () => {
    const root = makeProject({ 'static/bundle.js': 'public' });
    const plugins = [reflink({ publicDir: { dir: 'static', ignore: '*.js' }, report: false })];
    expect((await run(esbuild, buildOptions(root, plugins))).warnings).toEqual([]);
    expect(readFileSync(join(root, 'dist/bundle.js'), 'utf8')).toContain('bundled');
  });

  test('allowOverwrite: the output is where the sources are', async () => {
    const root = makeProject();
    const plugins = [reflink({ targets: [{ from: 'assets', to: 'copied' }], report: false })];
    const options = { ...buildOptions(root, plugins), entryPoints: ['main.js'], outdir: '.' };
    expect(await run(esbuild, { ...options, allowOverwrite: true })).toMatchObject({
      errors: [],
      warnings: [],
    });
    expect(readFileSync(join(root, 'main.js'), 'utf8')).toContain('(() =>');
    expect(readFileSync(join(root, 'copied/a.txt'), 'utf8')).toBe('a');
  });

  test('a build that fails in a plugin of somebody else leaves the output alone', async () => {
    const root = makeProject();
    const failing: esbuild.Plugin = {
      name: 'failing',
      setup({ onLoad }) {
        onLoad({ filter: /main/ }, () => ({ errors: [{ text: 'failed on purpose' }] }));
      },
    };
    const { errors } = await run(esbuild, buildOptions(root, [reflink(byDefault), failing]));
    expect(errors).toMatchObject([{ text: 'failed on purpose' }]);
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  test('an error names both paths and the code, and carries the error itself', async () => {
    const root = makeProject();
    mkdirSync(join(root, 'dist/plain.txt/in the way'), { recursive: true });
    let returned: esbuild.OnEndResult | null | undefined;
    const plugin = reflink(quiet);
    const observed: esbuild.Plugin = {
      ...plugin,
      setup: (build) =>
        plugin.setup({
          ...build,
          onEnd: (callback) => build.onEnd(async (result) => (returned = (await callback(result)) ?? null)),
        }),
    };
    const { errors } = await run(esbuild, buildOptions(root, [observed]));
    expect(errors).toHaveLength(1);
    const { text, pluginName } = errors[0]!;
    // For errors of onEnd, esbuild replaces the detail by a number.
    const { detail } = returned!.errors![0]!;
    expect(pluginName).toBe('unplugin-reflink');
    expect(text).toContain(JSON.stringify(join(root, 'static/plain.txt')));
    expect(text).toContain(JSON.stringify(join(root, 'dist/plain.txt')));
    expect(detail).toMatchObject({ name: 'CopyError', code: expect.stringMatching(/^E[A-Z]+$/) });
    expect(text).toContain((detail as { code: string }).code);
  });

  test('a metafile that was asked for lists what was copied, also when it was there before', async () => {
    const root = makeProject({ 'static/bundle.js': 'public', 'assets/bundle.css': 'ours' });
    const targets = [{ from: 'assets/*.css' }, { from: 'assets', to: 'assets' }];
    const plugins = [reflink({ publicDir: 'static', targets, report: false })];
    for (let build = 0; build < 2; build++) {
      const { metafile } = await run(esbuild, { ...buildOptions(root, plugins), metafile: true });
      const names = Object.keys(metafile!.outputs).sort();
      const files = Object.entries(readTree(join(root, 'dist'))).filter(([, { type }]) => type === 'file');
      expect(names).toEqual(files.map(([path]) => `dist/${path}`).sort());
      for (const [path, { size }] of files) expect(metafile!.outputs[`dist/${path}`]!.bytes, path).toBe(size);
      const { bytes, ...rest } = metafile!.outputs['dist/assets/sub/c.txt']!;
      expect({ bytes, rest }).toEqual({ bytes: 1, rest: { inputs: {}, imports: [], exports: [] } });
      // The entry of the bundle's own file is unchanged.
      expect(Object.keys(metafile!.outputs['dist/bundle.js']!.inputs)).toEqual(['main.js']);
    }
  });

  test('nobody gets a metafile who did not ask for it, and the options stay as they were given', async () => {
    const root = makeProject();
    for (const given of [{}, { metafile: false }]) {
      const plugins = [
        reflink({ ...quiet, targets: [] }),
        reflink({ targets: byDefault.targets!, report: false }),
      ];
      const options = { ...buildOptions(root, plugins), ...given };
      const before = { ...options };
      // Two builds use the same object at once.
      const results = await Promise.all([esbuild.build(options), esbuild.build(options)]);
      for (const result of results) expect(result.metafile).toBe(undefined);
      expect(Object.getOwnPropertyDescriptors(options)).toEqual(Object.getOwnPropertyDescriptors(before));
      expect((await esbuild.build({ ...options, plugins: [] })).metafile).toBe(undefined);
      expect(readFileSync(join(root, 'dist/assets/sub/c.txt'), 'utf8')).toBe('c');
    }
  });

  test('the public directory leaves out what the bundle has, also where nobody asks for a metafile', async () => {
    const root = makeProject({ 'static/bundle.js': 'public' });
    for (let build = 0; build < 2; build++) {
      const { warnings, metafile } = await esbuild.build(buildOptions(root, [reflink(quiet)]));
      expect(metafile).toBe(undefined);
      expect(warnings.map(({ text }) => text)).toEqual([expect.stringContaining("the bundle's is kept")]);
      expect(readFileSync(join(root, 'dist/bundle.js'), 'utf8')).toContain('bundled');
    }
  });

  test.each(['before', 'after'])('a plugin %s ours that asks for the metafile gets it', async (where) => {
    const root = makeProject();
    const seen: (string[] | undefined)[] = [];
    const other: esbuild.Plugin = {
      name: 'other',
      setup({ initialOptions, onEnd }) {
        initialOptions.metafile = true;
        onEnd(({ metafile }) => void seen.push(metafile && Object.keys(metafile.outputs)));
      },
    };
    const plugins = [reflink(quiet), other];
    const options = buildOptions(root, where === 'after' ? plugins : plugins.reverse());
    const { metafile } = await esbuild.build(options);
    expect(seen).toEqual([expect.arrayContaining(['dist/bundle.js'])]);
    expect(Object.keys(metafile!.outputs)).toContain('dist/assets/sub/c.txt');
    expect(options.metafile).toBe(true);
  });

  test.each([
    ['info', 1],
    ['debug', 1],
    ['verbose', 1],
    ['warning', 0],
    ['error', 0],
    ['silent', 0],
    [undefined, 0],
  ] as const)('log level %s', async (logLevel, lines) => {
    const root = makeProject();
    const stderr = collectStderr();
    try {
      const level: esbuild.Plugin = {
        name: 'level',
        setup({ initialOptions, onStart }) {
          onStart(() => {
            if (logLevel) initialOptions.logLevel = logLevel;
            else delete initialOptions.logLevel;
          });
        },
      };
      await esbuild.build(buildOptions(root, [reflink(byDefault), level]));
    } finally {
      stderr.restore();
    }
    expect(
      stderr.lines().filter((line) => /^unplugin-reflink: public, targets → dist: /.test(line)),
    ).toHaveLength(lines);
    expect(stderr.lines()).toHaveLength(lines);
  });

  test('builds with one object of options are builds of one configuration', async () => {
    const root = makeProject();
    const reports: CopyReport[] = [];
    const optionsOf = (to: string): Options => ({
      // With a function in a target, a record is found again only if the configuration is the same.
      targets: [{ from: 'assets', to, ignore: 'sub', rename: (name) => name }],
      report: (each) => void reports.push(each),
    });
    const given = buildOptions(root, [reflink(optionsOf('x'))]);
    await pastTick();
    await esbuild.build(given);
    rmSync(join(root, 'assets/b.md'));
    for (let run = 0; run < 3; run++) await esbuild.build(given);
    expect(reports).toMatchObject([
      { files: 2, pruned: 0 },
      { files: 0, unchanged: 1, pruned: 1 },
      { files: 0, unchanged: 1, pruned: 0 },
      { files: 0, unchanged: 1, pruned: 0 },
    ]);
    expect(existsSync(join(root, 'dist/x/b.md'))).toBe(false);
    // A program that builds once finds what a program that built several times has copied.
    await esbuild.build(buildOptions(root, [reflink(optionsOf('y'))]));
    expect(existsSync(join(root, 'dist/x'))).toBe(false);
    expect(existsSync(join(root, 'dist/y/a.txt'))).toBe(true);
  });

  test('as the unified plugin', async () => {
    const root = makeProject();
    await pastTick();
    const reports: CopyReport[] = [];
    const plugin = unified.esbuild({ ...byDefault, report: (each) => void reports.push(each) });
    for (const files of [17, 0]) {
      const result = await run(esbuild, buildOptions(root, [plugin, talkative]));
      expect(result).toMatchObject({ errors: [], warnings: [] });
      expect(reports.at(-1)).toMatchObject({ files });
    }
    expect(reports).toHaveLength(2);
    rmSync(join(root, 'static/plain.txt'));
    writeFileSync(join(root, 'main.js'), 'no JavaScript');
    const before = identityOf(join(root, 'dist/plain.txt'));
    expect((await run(esbuild, buildOptions(root, [plugin]))).errors).toHaveLength(1);
    expect(identityOf(join(root, 'dist/plain.txt'))).toBe(before);
  });
});
