import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { OutputOptions, Plugin } from 'rollup';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect, test, vi } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { directory, readTree, type TreeSpec } from '../support/trees.ts';
import { runInChild } from './child.ts';
import { type Bundler, bundlers, describeBundlers, inDirectory, logInto } from './hosts.ts';

const options: Options = { publicDir: 'static', targets: [{ from: 'assets', to: 'assets' }] };
const many: TreeSpec = Object.fromEntries(
  Array.from({ length: 80 }, (_each, index) => [`assets/many/${index}.txt`, `file ${index}`]),
);

afterEach(() => void vi.unstubAllEnvs());

interface Setup {
  outputs: OutputOptions[];
  given?: Options;
  plugins?: Plugin[];
  /** Plugins that come before ours. */
  first?: Plugin[];
  /** Whether all outputs are written at once. */
  parallel?: boolean;
  generate?: boolean;
}

/** Builds, and returns the reports. */
async function build(host: Bundler, root: string, setup: Setup) {
  const { outputs, given = options, plugins = [], first = [], parallel, generate } = setup;
  const reports: [CopyReport, string][] = [];
  const log = { warnings: [], log: [] };
  const ours = host.plugin({ report: (...call) => void reports.push(call), ...given });
  await inDirectory(root, async () => {
    const input = {
      input: join(root, 'main.js'),
      plugins: [...first, ours, ...plugins],
      onLog: logInto(log),
    };
    const bundle = await host.bundler.rollup(input);
    const write = (output: OutputOptions) => (generate ? bundle.generate(output) : bundle.write(output));
    try {
      if (parallel) await Promise.all(outputs.map(write));
      else for (const output of outputs) await write(output);
    } finally {
      await bundle.close();
    }
  });
  return { reports, ...log };
}

describeBundlers((host) => {
  test.each([[false], [true]])('several output directories, at once: %j', async (parallel) => {
    const root = makeProject(many);
    const outputs = ['dist/a', 'dist/b', 'other'].map((dir) => ({ dir }));
    const { reports, warnings } = await build(host, root, { outputs, parallel });
    expect(warnings).toEqual([]);
    expect(reports.map(([, directory]) => directory).sort()).toEqual(
      ['dist/a', 'dist/b', 'other'].map((dir) => join(root, dir)),
    );
    for (const [report, directory] of reports) {
      expect(report).toMatchObject({ files: 97, unchanged: 0 });
      expect(existsSync(join(directory, 'main.js'))).toBe(true);
      expect(readFileSync(join(directory, 'assets/many/7.txt'), 'utf8')).toBe('file 7');
    }
  });

  test.each([[false], [true]])(
    'several bundles in one directory are one copy, at once: %j',
    async (parallel) => {
      const root = makeProject({ 'static/a.js': 'public', 'assets/b.js': 'target' });
      const outputs: OutputOptions[] = ['a.js', 'b.js'].map((entryFileNames) => ({
        dir: 'dist',
        entryFileNames,
      }));
      const given: Options = { publicDir: 'static', targets: [{ from: 'assets/*.js' }] };
      const { reports, warnings } = await build(host, root, { outputs, parallel, given });
      expect(warnings.sort()).toEqual([
        expect.stringContaining(
          "a.js is both in the public directory and in the bundle; the bundle's is kept",
        ),
        expect.stringContaining("b.js is both in the targets and in the bundle; the target's is kept"),
      ]);
      expect(reports).toHaveLength(1);
      expect(readFileSync(join(root, 'dist/a.js'), 'utf8')).toContain('bundled');
      expect(readFileSync(join(root, 'dist/b.js'), 'utf8')).toBe('target');
      expect(readFileSync(join(root, 'static/a.js'), 'utf8')).toBe('public');
    },
  );

  test('output.file', async () => {
    const root = makeProject();
    const { reports } = await build(host, root, { outputs: [{ file: 'dist/deep/app.js' }] });
    expect(reports.map(([, directory]) => directory)).toEqual([join(root, 'dist/deep')]);
    const names = Object.keys(readTree(join(root, 'dist/deep')));
    expect(names).toEqual(expect.arrayContaining(['app.js', 'plain.txt', 'assets/a.txt']));
  });

  test('nothing is copied when nothing is written', async () => {
    const root = makeProject({ ...many, 'node_modules/x/index.js': '' });
    const before = readTree(root);
    const { reports } = await build(host, root, { outputs: [{ dir: 'dist' }], generate: true });
    expect(reports).toEqual([]);
    expect(readTree(root)).toEqual(before);
  });

  test.each(['transform', 'renderStart', 'renderChunk', 'generateBundle'])(
    'when %s fails the old output is as it was',
    async (hook) => {
      const root = makeProject(many);
      await build(host, root, { outputs: [{ dir: 'dist' }] });
      const before = readTree(join(root, 'dist'));
      writeFileSync(join(root, 'static/plain.txt'), 'changed');
      const failing = {
        name: 'on-purpose',
        [hook]() {
          throw new Error('failed on purpose');
        },
      };
      const failed = build(host, root, { outputs: [{ dir: 'dist' }], plugins: [failing] });
      await expect(failed).rejects.toThrow('failed on purpose');
      expect(readTree(join(root, 'dist'))).toEqual(before);
    },
  );

  test('when the copy fails no bundle is written, and the next build is right', async () => {
    const root = makeProject(many);
    const missing: Options = { ...options, targets: [{ from: 'assets/*.none' }] };
    const failed = build(host, root, { outputs: [{ dir: 'dist' }], given: missing });
    await expect(failed).rejects.toThrow(/ERR_NO_MATCH/);
    expect(existsSync(join(root, 'dist/main.js'))).toBe(false);
    const { reports } = await build(host, root, { outputs: [{ dir: 'dist' }] });
    expect(reports[0]![0].files).toBe(97);
  });

  test('what another plugin finds in writeBundle and closeBundle is complete', async () => {
    const root = makeProject({ ...many, 'assets/main.js': 'target' });
    const seen: Record<string, string> = {};
    const look = (hook: string) => () => {
      seen[hook] =
        readFileSync(join(root, 'dist/main.js'), 'utf8') + readdirSync(join(root, 'dist/many')).length;
    };
    const plugins = [{ name: 'look', writeBundle: look('writeBundle'), closeBundle: look('closeBundle') }];
    await build(host, root, {
      outputs: [{ dir: 'dist' }],
      plugins,
      given: { targets: [{ from: 'assets' }] },
    });
    expect(seen).toEqual({ writeBundle: 'target80', closeBundle: 'target80' });
  });

  test('several instances in one build', async () => {
    const root = makeProject(many);
    const plugins = [host.plugin({ targets: [{ from: 'more', to: 'more' }], report: false })];
    for (let run = 0; run < 2; run++) {
      await build(host, root, { outputs: [{ dir: 'dist' }], plugins });
      expect(Object.keys(readTree(join(root, 'dist')))).toEqual(
        expect.arrayContaining(['plain.txt', 'assets/a.txt', 'assets/many/79.txt', 'more/extra.txt']),
      );
    }
  });

  test('what was copied is noted in node_modules, or outside the project', async () => {
    const root = makeProject({ 'node_modules/x/index.js': '' });
    await build(host, root, { outputs: [{ dir: 'dist' }] });
    const cache = join(root, 'node_modules/.cache/unplugin-reflink');
    const manifests = readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.'),
    );
    const id = '[0-9a-f]{16}';
    expect(manifests).toHaveLength(2);
    for (const name of [`${id}\\.json`, `${id}/${id}\\.manifest`])
      expect(manifests).toContainEqual(expect.stringMatching(new RegExp(`^${name}$`)));
    const bare = makeProject();
    rmSync(join(bare, 'node_modules'), { recursive: true });
    vi.stubEnv('TMPDIR', makeProject());
    await build(host, bare, { outputs: [{ dir: 'dist' }] });
    expect(readdirSync(bare)).not.toContain('node_modules');
    const [kept] = readdirSync(tmpdir()).filter((name) => name.startsWith('unplugin-reflink-'));
    expect(statSync(join(tmpdir(), kept!)).mode & 0o777).toBe(0o700);
    const noted = readdirSync(join(tmpdir(), kept!), { recursive: true, encoding: 'utf8' });
    expect(noted).toContainEqual(expect.stringMatching(/\.manifest$/));
  });

  test.each([
    ['transform', many],
    ['renderChunk', many],
    ['generateBundle', many],
    ['writeBundle', many],
    [undefined, many],
    [undefined, {}],
  ])('a process in which %s fails ends by itself and leaves nothing running', (failing, tree) => {
    const root = makeProject(tree);
    const outcome = runInChild(host.id, { root, options, failing });
    expect(outcome).toEqual({
      message: failing ? expect.stringContaining('failed on purpose') : undefined,
      workers: 0,
      unhandled: [],
      temporaries: [],
    });
  });

  test('so does one that never closes its bundle', () => {
    const root = makeProject(many);
    const { message, unhandled } = runInChild(host.id, { root, options, close: false });
    expect({ message, unhandled }).toEqual({ message: undefined, unhandled: [] });
  });
});

const rolldownHost = bundlers.find(({ id }) => id === 'rolldown')!;
const cleaned = (dir: string) => ({ dir, cleanDir: true }) as OutputOptions;

test('Rolldown: cleanDir leaves what is unchanged, and nothing else', async () => {
  const root = makeProject(many, { 'stale.txt': 'stale', 'sub/stale.txt': 'stale', 'plain.txt': 'not ours' });
  await pastTick();
  const seen: unknown[] = [];
  const look = { name: 'look', outputOptions: (given: object) => void seen.push(given) } as Plugin;
  const at = (name: string) => join(root, 'dist', name);
  const copied = ['plain.txt', 'assets/many/79.txt'];
  let identities: string[] = [];
  for (let run = 0; run < 2; run++) {
    const { reports, warnings } = await build(rolldownHost, root, {
      outputs: [{ ...cleaned('dist'), entryFileNames: `main-${run}.js` }],
      plugins: [look],
    });
    expect(warnings).toEqual([]);
    const [[report]] = reports as [[CopyReport, string]];
    expect(report).toMatchObject(run === 0 ? { files: 97, unchanged: 0 } : { files: 0, unchanged: 97 });
    if (run === 1) expect(copied.map((name) => identityOf(at(name)))).toEqual(identities);
    identities = copied.map((name) => identityOf(at(name)));
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names).toEqual(expect.arrayContaining([`main-${run}.js`, ...copied]));
    expect(names.filter((name) => name.includes('stale') || name === `main-${1 - run}.js`)).toEqual([]);
    expect(readFileSync(at('plain.txt'), 'utf8')).toBe('plain');
  }
  expect(seen).toEqual([cleaned('dist'), cleaned('dist')].map((each) => expect.objectContaining(each)));
});

test.each([false, true])('Rolldown: cleanDir spares outputs below, at once: %j', async (parallel) => {
  const root = makeProject(many, { 'stale.txt': 'stale' });
  for (let run = 0; run < 2; run++) {
    const outputs = [{ dir: 'dist/below' }, cleaned('dist')];
    // All outputs are known when the first one is written.
    if (parallel) outputs.reverse();
    const { reports } = await build(rolldownHost, root, { outputs, parallel });
    expect(reports.map(([{ files, unchanged }]) => files + unchanged)).toEqual([97, 97]);
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names).toEqual(
      expect.arrayContaining(['below/main.js', 'below/plain.txt', 'main.js', 'plain.txt']),
    );
    expect(names).not.toContain('stale.txt');
  }
});

test('Rolldown: with cleanDir two bundles in one directory are both kept', async () => {
  const root = makeProject(many, { 'stale.txt': 'stale' });
  const outputs = ['a.js', 'b.js'].map((entryFileNames) => ({ ...cleaned('dist'), entryFileNames }));
  await build(rolldownHost, root, { outputs, parallel: true });
  const names = Object.keys(readTree(join(root, 'dist')));
  expect(names).toEqual(expect.arrayContaining(['a.js', 'b.js', 'plain.txt']));
  expect(names).not.toContain('stale.txt');
});

test('Rolldown: a build that fails leaves the old output also with cleanDir', async () => {
  const root = makeProject(many, { 'old.txt': 'old' });
  const before = readTree(join(root, 'dist'));
  const failing = {
    name: 'on-purpose',
    renderChunk() {
      throw new Error('failed on purpose');
    },
  };
  const failed = build(rolldownHost, root, { outputs: [cleaned('dist')], plugins: [failing] });
  await expect(failed).rejects.toThrow('failed on purpose');
  expect(readTree(join(root, 'dist'))).toEqual(before);
});

/** A plugin that writes files into the output by itself, as plugins for reports about the bundle do. */
function writer(output: string, order: 'pre' | 'post' | null): Plugin {
  const hook = (name: string) => ({
    order,
    handler() {
      mkdirSync(join(output, 'theirs'), { recursive: true });
      for (const file of [`${name}-${order}.txt`, 'report.html'])
        writeFileSync(join(output, 'theirs', file), name);
    },
  });
  return {
    name: `theirs-${order}`,
    buildStart: hook('buildStart'),
    renderStart: hook('renderStart'),
    generateBundle: hook('generateBundle'),
  } as Plugin;
}

test('Rolldown: with cleanDir stays what other plugins write from renderStart on, as without us', async () => {
  const lists: string[][] = [];
  for (const given of [{ targets: [] }, options]) {
    const root = makeProject(many, {
      'theirs/old.txt': 'old',
      'theirs/report.html': 'old',
      'gone/old.txt': 'old',
    });
    for (let run = 0; run < 2; run++) {
      const theirs = (['pre', null, 'post'] as const).map((order) => writer(join(root, 'dist'), order));
      await build(rolldownHost, root, { outputs: [cleaned('dist')], given, first: theirs, plugins: theirs });
      const names = Object.keys(readTree(join(root, 'dist')));
      lists.push(names.filter((name) => /^(theirs|gone)/.test(name)).sort());
      expect(readFileSync(join(root, 'dist/theirs/report.html'), 'utf8')).toBe('generateBundle');
      expect(names).toContain('main.js');
      if (given === options) expect(names).toContain('assets/many/79.txt');
    }
  }
  const [alone, aloneAgain, ours, oursAgain] = lists;
  expect(ours).toEqual(alone);
  expect(oursAgain).toEqual(aloneAgain);
  expect(alone).toContain('theirs/renderStart-pre.txt');
  expect(alone).not.toContain('theirs/old.txt');
});

test('Rolldown: with cleanDir a directory that a plugin makes in renderStart is there for what it writes later', async () => {
  const root = makeProject({}, { 'theirs/old.txt': 'old', 'gone/old.txt': 'old' });
  const theirs = join(root, 'dist/theirs');
  const late = {
    name: 'late',
    renderStart: () => void mkdirSync(theirs, { recursive: true }),
    writeBundle: () => writeFileSync(join(theirs, 'new.txt'), 'new'),
  } as Plugin;
  await build(rolldownHost, root, { outputs: [cleaned('dist')], plugins: [late] });
  expect(readdirSync(theirs)).toEqual(['new.txt']);
  expect(existsSync(join(root, 'dist/gone'))).toBe(false);
});

test('Rolldown: with cleanDir each build has the empty directories that two instances copy, and no others', async () => {
  const root = makeProject(
    { 'static/empty': directory(), 'more/empty-too': directory() },
    { 'old/f.txt': 'old' },
  );
  const theirs = () => rolldownHost.plugin({ publicDir: 'more', report: false }) as Plugin;
  for (let run = 0; run < 2; run++) {
    await build(rolldownHost, root, { outputs: [cleaned('dist')], plugins: [theirs()] });
    const names = Object.keys(readTree(join(root, 'dist')));
    expect(names.filter((name) => /empty|old/.test(name))).toEqual(['empty', 'empty-too']);
  }
});

test('Rolldown: with cleanDir a bundle that is not written leaves the output as it is', async () => {
  const root = makeProject(many);
  const outputs = [cleaned('dist')];
  await build(rolldownHost, root, { outputs });
  writeFileSync(join(root, 'dist/foreign.txt'), 'foreign');
  const before = readTree(join(root, 'dist'));
  await build(rolldownHost, root, { outputs, generate: true });
  expect(readTree(join(root, 'dist'))).toEqual(before);
});

test.each([
  ['is a file', 'static', 'dist" is not a directory; delete or rename it'],
  ['has a source in it', 'dist/inner', 'ERR_NESTED'],
])(
  'Rolldown: with cleanDir an output that %s ends the build without a stack',
  async (what, publicDir, message) => {
    const root = makeProject();
    if (what === 'is a file') writeFileSync(join(root, 'dist'), 'a file');
    else mkdirSync(join(root, 'dist/inner'), { recursive: true });
    const error = await build(rolldownHost, root, { given: { publicDir }, outputs: [cleaned('dist')] }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toContain(message);
    expect(error?.message).not.toMatch(/^ +at /m);
  },
);

test('Rolldown: cleanDir is its own where nothing is copied, or the next build does without', async () => {
  const root = makeProject({}, { 'stale.txt': 'stale' });
  await build(rolldownHost, root, { outputs: [cleaned('dist')], given: { targets: [] } });
  expect(Object.keys(readTree(join(root, 'dist')))).toEqual(['main.js']);
  const host = { ...rolldownHost, plugin: () => shared };
  const shared = rolldownHost.plugin({ ...options, report: false });
  await build(host, root, { outputs: [cleaned('dist')] });
  writeFileSync(join(root, 'dist/foreign.txt'), 'foreign');
  await build(host, root, { outputs: [{ dir: 'dist' }] });
  expect(existsSync(join(root, 'dist/foreign.txt'))).toBe(true);
});

test('Rolldown: without a directory everything goes to its default', async () => {
  const root = makeProject();
  const { reports } = await build(rolldownHost, root, { outputs: [{}] });
  expect(reports.map(([, directory]) => directory)).toEqual([join(root, 'dist')]);
  const names = Object.keys(readTree(join(root, 'dist')));
  expect(names).toEqual(expect.arrayContaining(['main.js', 'plain.txt', 'assets/a.txt']));
});
