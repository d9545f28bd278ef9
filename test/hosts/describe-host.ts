import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CopyReport, copyFile, type Method } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { describe, expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { readTree, symlink, type TreeSpec } from '../support/trees.ts';
import { BUNDLE, cases, type Expected, type HostCase } from './cases.ts';
import { describeCache } from './describe-cache.ts';
import { describeDryRun } from './describe-dry-run.ts';
import {
  expectOutput,
  expectPaths,
  type Host,
  identityOf,
  LONG_AGO,
  makeProject,
  outsideOf,
} from './project.ts';

/** Runs the table of cases, and the cases of several builds, with one bundler. */
export function describeHost(host: Host): void {
  describe(`${host.name}: `, () => {
    // Not with test.each, which truncates long names.
    for (const each of cases) test(each.name, () => runCase(host, each));
    describeReports(host);
    describeOutside(host);
    describeCache(host);
    describeDryRun(host);
    describeRebuilds(host);
    describeMistakes(host);
  });
}

async function runCase(host: Host, { tree, old, options, ...expected }: HostCase): Promise<void> {
  const root = makeProject(tree, old);
  const reports: CopyReport[] = [];
  const given = typeof options === 'function' ? options(root) : options;
  const outcome = await host.build({
    root,
    // The build has to meet the earlier output of the case, so it must not empty the output.
    keepsOutput: old !== undefined,
    options: { report: (each) => void reports.push(each), ...given },
  });
  if (expected.error) {
    expect(outcome.errors.join('\n')).toMatch(expected.error);
    expectTemporaries(root);
    return;
  }
  expect(outcome.errors).toEqual([]);
  expect(outcome.warnings).toEqual((expected.warnings ?? []).map((each) => expect.stringMatching(each)));
  expectOutput(root, outcome.outDir, expected.expected ?? {});
  expectPaths(root, expected.outside ?? {});
  expectTemporaries(root);
  await expectMethods(root, reports, { ...expected.expected, ...expected.outside });
}

function expectTemporaries(root: string): void {
  expect(Object.keys(readTree(root)).filter((path) => path.includes('.fs-reflink-'))).toEqual([]);
}

/** Expects that files were copied with the method that works between these directories, and with no other. */
async function expectMethods(
  root: string,
  reports: CopyReport[],
  expected: Record<string, Expected>,
): Promise<void> {
  const [report] = reports;
  const all = Object.entries(expected).map(([, each]) => each);
  const copied = all.filter((each) => typeof each === 'string' && each !== '/').length;
  const written = all.filter((each) => typeof each === 'object' && 'written' in each).length;
  if (!report) {
    expect(copied + written).toBe(0);
    return;
  }
  expect(reports).toHaveLength(1);
  const possible = new Set<string>(['transform']);
  for (const name of ['plain.txt', 'zero']) {
    possible.add((await copyFile(join(root, 'static', name), join(root, 'probe', name))).method);
  }
  const methods = Object.keys(report.methods) as Method[];
  for (const method of methods) expect([...possible]).toContain(method);
  expect(report.methods.transform?.files ?? 0).toBe(written);
  expect(report.files).toBe(copied + written);
  const counts = methods.map((method) => report.methods[method]!);
  expect(counts.reduce((sum, { files }) => sum + files, 0)).toBe(report.files);
  expect(counts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(report.bytes);
}

const options: Options = { publicDir: 'static', targets: [{ from: 'assets', to: 'assets' }] };

const moreFiles: Record<string, Expected> = {
  'extra.txt': 'more/extra.txt',
  'notes.md': 'more/notes.md',
};

function describeReports(host: Host): void {
  test('report: false says nothing', async () => {
    const { warnings, errors, log } = await host.build({
      root: makeProject(),
      options: { ...options, report: false },
    });
    expect({ warnings, errors }).toEqual({ warnings: [], errors: [] });
    expect(log.filter((line) => /→|copied|reflink/.test(line))).toEqual([]);
  });

  test("report: 'summary' is one line, also left out", async () => {
    for (const report of ['summary', undefined] as const) {
      const { log } = await host.build({
        root: makeProject(),
        options: { ...options, ...(report && { report }) },
      });
      const lines = log.filter((line) => line.includes('→'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/public, targets → \S*dist: 17 copied in \d+ ms$/);
    }
  });

  test("report: 'verbose' names every file and its method", async () => {
    const root = makeProject({ [`assets/${BUNDLE}`]: 'target' });
    const verbose: Options = { publicDir: 'static', targets: [{ from: 'assets' }], report: 'verbose' };
    const lines = (await host.build({ root, options: verbose })).log.join('\n').split('\n');
    expect(
      lines.filter((line) => /^ {2}.* \((ficlone|copy_file_range|read_write)\)$/.test(line)),
    ).toHaveLength(18);
    expect(lines.join('\n')).toMatch(/^ {2}sub\/dir \(86\)\/d\.txt \(\w+\)$/m);
    expect(lines.filter((line) => line.startsWith(`  ${BUNDLE} (`))).toHaveLength(1);
    rmSync(join(root, 'assets/a.txt'));
    const again = (await host.build({ root, options: verbose })).log.join('\n');
    expect(again).toMatch(/^ {2}a\.txt \(deleted\)$/m);
  });

  test('the bundle of the build before is not reported as deleted where it is written again', async () => {
    const root = makeProject();
    for (let build = 0; build < 2; build++) {
      const { log, errors } = await host.build({ root, options: { ...options, report: 'verbose' } });
      expect(errors).toEqual([]);
      expect(
        log
          .join('\n')
          .split('\n')
          .filter((line) => line.includes('deleted')),
      ).toEqual([]);
      const reports: CopyReport[] = [];
      await host.build({ root, options: { ...options, report: (each) => void reports.push(each) } });
      expect(reports).toMatchObject([{ pruned: 0 }]);
    }
  });

  test('what a target no longer replaces of the bundle is not reported as deleted', async () => {
    const root = makeProject();
    const replacing: Options = { targets: [{ from: 'assets/a.txt', rename: BUNDLE }, { from: 'more' }] };
    for (const { dryRun, report } of [
      { dryRun: true, report: 'summary' },
      { dryRun: false, report: 'verbose' },
      { dryRun: false, report: 'summary' },
    ] as const) {
      const { outDir } = await host.build({ root, options: { ...replacing, report: false } });
      expectOutput(root, outDir, { [BUNDLE]: 'assets/a.txt', ...moreFiles });
      const now: Options = { targets: [{ from: 'more' }], report, dryRun };
      const { log, errors } = await host.build({ root, options: now });
      expect(errors).toEqual([]);
      const lines = log.join('\n').split('\n');
      expect(lines.filter((line) => line.includes('→'))).toHaveLength(1);
      expect(lines.filter((line) => line.includes('delete'))).toEqual([]);
      if (!dryRun) expectOutput(root, outDir, { [BUNDLE]: { bundle: true }, ...moreFiles });
    }
  });

  test('a function gets the report and the absolute output directory, once', async () => {
    const root = makeProject();
    const calls: [CopyReport, string][] = [];
    const report = (...call: [CopyReport, string]) => void calls.push(call);
    const { outDir, log } = await host.build({ root, options: { ...options, report } });
    expect(calls).toEqual([[expect.objectContaining({ files: 17, pruned: 0 }), outDir]]);
    expect(log.filter((line) => line.includes('→'))).toEqual([]);
  });
}

/** Users often mean a URL by an absolute `to`. */
function describeOutside(host: Host): void {
  test('an absolute to outside the project is refused, and the error says what to write instead', async () => {
    const root = makeProject();
    const outside = outsideOf(root);
    const { errors, log } = await host.build({
      root,
      options: { targets: [{ from: 'assets', to: `${outside}/i18n` }] },
    });
    const text = errors.join('\n');
    expect(text).toContain('ERR_OUTSIDE_DESTINATION');
    expect(text).toContain(`write to: '${outside.slice(1)}/i18n'`);
    expect(text).toContain('"allowOutside: true"');
    expect(existsSync(outside)).toBe(false);
    expect(log.filter((line) => line.includes('→'))).toEqual([]);
  });

  test('an absolute to with allowOutside is copied to, and the summary names the directory', async () => {
    const root = makeProject();
    const outside = outsideOf(root);
    const targets = [{ from: 'assets', to: outside, allowOutside: true }];
    const { errors, log } = await host.build({ root, options: { targets, report: 'verbose' } });
    expect(errors).toEqual([]);
    expect(readFileSync(join(outside, 'a.txt'), 'utf8')).toBe('a');
    const lines = log.join('\n').split('\n');
    const name = basename(outside);
    expect(lines.filter((line) => line.includes('→'))).toEqual([
      expect.stringMatching(new RegExp(`targets → \\S*${name}: 4 copied \\(\\d+ B, .*\\) in \\d+ ms$`)),
    ]);
    expect(lines).toContainEqual(expect.stringContaining(`  ${outside}/a.txt (`));
    const both: Options = { publicDir: 'static', targets };
    const again = await host.build({ root, options: both });
    expect(again.log.join('\n')).toMatch(new RegExp(`public, targets → \\S*dist, \\S*${name}: `));
  });
}

function describeRebuilds(host: Host): void {
  const many: TreeSpec = Object.fromEntries(
    Array.from({ length: 80 }, (_each, index) => [`assets/many/${index % 4}/${index}.txt`, `file ${index}`]),
  );

  test.each([
    ['few', {}],
    ['many', many],
  ])('a rebuild leaves unchanged files alone and removes stale ones, %s files', async (_name, tree) => {
    const root = makeProject({ ...tree, 'static/stale.txt': 'stale', 'assets/stale/s.txt': 'stale' });
    await pastTick();
    const reports: CopyReport[] = [];
    const build = async () => {
      const outcome = await host.build({
        root,
        options: { ...options, report: (each) => void reports.push(each) },
      });
      expect(outcome).toMatchObject({ warnings: [], errors: [] });
      return outcome.outDir;
    };
    const outDir = await build();
    const total = reports[0]!.files;
    const unchanged = ['plain.txt', 'run.sh', 'zero', 'linked.txt', 'assets/a.txt', 'assets/sub/c.txt'];
    const identities = () => unchanged.map((path) => identityOf(join(outDir, path)));
    const before = identities();
    rmSync(join(root, 'static/stale.txt'));
    rmSync(join(root, 'assets/stale'), { recursive: true });
    writeFileSync(join(root, 'static/added.txt'), 'added');
    writeFileSync(join(root, 'assets/b.md'), 'changed');
    utimesSync(join(root, 'assets/b.md'), LONG_AGO, LONG_AGO);
    await pastTick();
    await build();
    expect(reports[1]).toMatchObject({ files: 2, unchanged: total - 3 });
    expect(identities()).toEqual(before);
    const found = Object.keys(readTree(outDir)).map((path) => relative('.', path));
    expect(found.filter((path) => path.includes('stale'))).toEqual([]);
    expect(readFileSync(join(outDir, 'assets/b.md'), 'utf8')).toBe('changed');
    expect(readFileSync(join(outDir, 'added.txt'), 'utf8')).toBe('added');
    await build();
    expect(reports[2]).toMatchObject({ files: 0, unchanged: total - 1, methods: {} });
    expect(identities()).toEqual(before);
  });

  test.each([
    ['few', {}],
    ['many', many],
  ])(
    'a target that wins over the bundle does so in every build, and counts once, %s files',
    async (_name, tree) => {
      const root = makeProject(tree);
      await pastTick();
      const reports: CopyReport[] = [];
      const report = (each: CopyReport) => void reports.push(each);
      const copied = Object.fromEntries(Object.keys(tree).map((name) => [name.replace('assets/', ''), name]));
      const others = Object.keys(tree).length;
      const more = others > 0 ? [{ from: 'assets/many', to: 'many' }] : [];
      const winning: Options = { targets: [...more, { from: 'assets/a.txt', rename: BUNDLE }], report };
      for (let run = 0; run < 3; run++) {
        const { outDir, warnings } = await host.build({ root, options: winning });
        expect(warnings).toHaveLength(1);
        expectOutput(root, outDir, { ...copied, [BUNDLE]: 'assets/a.txt' });
        const { files, unchanged, methods } = reports[run]!;
        // webpack does not write a file of its own again after a target has replaced it.
        expect(unchanged).toBeOneOf(run === 0 ? [0] : [others, others + 1]);
        expect(files + unchanged).toBe(others + 1);
        expect(Object.values(methods).map((each) => each.files)).toEqual(files > 0 ? [files] : []);
      }
      const { outDir, warnings } = await host.build({ root, options: { targets: more, report: false } });
      expect(warnings).toEqual([]);
      expectOutput(root, outDir, { ...copied, [BUNDLE]: { bundle: true } });
    },
  );

  // Builds of Vite empty the output.
  if (host.id !== 'vite') {
    test('builds that share an output leave alone what another has placed', async () => {
      const root = makeProject({ 'other.js': 'console.log("bundled")' });
      const both: Options[] = [{ publicDir: 'more' }, { targets: [{ from: 'assets/*.md', to: 'x' }] }];
      for (const each of [...both, ...both]) {
        const entry = each === both[0] ? 'main.js' : 'other.js';
        const { outDir, errors } = await host.build({ root, entry, options: { ...each, report: false } });
        expect(errors).toEqual([]);
        const names = Object.keys(readTree(outDir));
        if (each === both[1]) expect(names).toEqual(expect.arrayContaining(['extra.txt', 'x/b.md']));
      }
    });
  }

  const targetsOf = (...targets: Options['targets'] & object): Options => ({ targets, report: false });
  const edits: [what: string, before: Options, after: Options, stale: string[], deleted?: string][] = [
    [
      'another "to"',
      targetsOf({ from: 'assets', to: 'x' }),
      targetsOf({ from: 'assets', to: 'y' }),
      ['x/a.txt', 'x'],
    ],
    [
      'one fewer',
      targetsOf({ from: 'assets', to: 'x' }, { from: 'more', to: 'z' }),
      targetsOf({ from: 'more', to: 'z' }),
      ['x/a.txt', 'x'],
    ],
    [
      'one more, and a source deleted',
      targetsOf({ from: 'assets', to: 'x' }),
      targetsOf({ from: 'assets', to: 'x' }, { from: 'more', to: 'z' }),
      ['x/a.txt'],
      'assets/a.txt',
    ],
    [
      'a function written in another way, and a source deleted',
      targetsOf({ from: 'assets', to: 'x', rename: (name) => name }),
      targetsOf({ from: 'assets', to: 'x', rename: (given) => `${given}` }),
      ['x/a.txt'],
      'assets/a.txt',
    ],
    [
      'none is left, nor a public directory',
      { publicDir: 'more', targets: [{ from: 'assets', to: 'x' }], report: false },
      { publicDir: false, report: false },
      ['x/a.txt', 'x', 'extra.txt'],
    ],
    [
      'none for the public directory',
      { publicDir: 'more', report: false },
      targetsOf({ from: 'assets' }),
      ['extra.txt'],
    ],
  ];
  test.each(edits)(
    'after an edit of the targets nothing stays of the old ones: %s',
    async (_what, before, after, stale, deleted) => {
      const root = makeProject();
      const { outDir, errors } = await host.build({ root, options: before });
      expect(errors).toEqual([]);
      expect(Object.keys(readTree(outDir))).toEqual(expect.arrayContaining(stale));
      writeFileSync(join(outDir, 'foreign.txt'), 'not ours');
      if (deleted) rmSync(join(root, deleted));
      const again = await host.build({ root, options: after });
      expect(again.errors).toEqual([]);
      const names = Object.keys(readTree(outDir));
      expect(names.filter((name) => stale.includes(name))).toEqual([]);
      if (host.id !== 'vite') expect(names).toContain('foreign.txt');
    },
  );

  test('links that were kept are replaced by files when they are followed, also those that lead to their sources', async () => {
    const root = makeProject({ 'links/a.txt': symlink('../assets/a.txt') });
    for (const symlinks of ['keep', 'follow', 'keep'] as const) {
      const given: Options = { targets: [{ from: 'links' }], symlinks, report: false };
      const { outDir, errors } = await host.build({ root, options: given });
      expect(errors).toEqual([]);
      const expected = symlinks === 'keep' ? { link: '../assets/a.txt' } : 'assets/a.txt';
      expectOutput(root, outDir, { 'a.txt': expected });
    }
  });

  test('a build that fails leaves the old output as it was', async () => {
    const root = makeProject();
    const { outDir } = await host.build({ root, options: { ...options, report: false } });
    const before = readTree(outDir);
    writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
    writeFileSync(join(root, 'static/plain.txt'), 'changed');
    rmSync(join(root, 'assets/a.txt'));
    const failed = await host.build({ root, options: { ...options, report: false } });
    expect(failed.errors).not.toEqual([]);
    expect(readTree(outDir)).toEqual(before);
    expectTemporaries(root);
  });
}

function describeMistakes(host: Host): void {
  const wrong: [given: unknown, named: string[]][] = [
    [{ targts: [] }, ['"targts"', '[]', 'known are reflink']],
    [{ reflink: 'sometimes' }, ['"reflink"', "'sometimes'"]],
    [{ allowMissing: 1 }, ['"allowMissing"', '1']],
    [{ publicDir: 5 }, ['"publicDir"', '5']],
    [{ publicDir: '' }, ['"publicDir"', "''"]],
    [{ publicDir: { dri: 'x' } }, ['"publicDir"', "{ dri: 'x' }"]],
    [{ publicDir: [{ dir: 'x', to: '../y' }] }, ['"publicDir"', '"to"', "'../y'"]],
    [{ publicDir: { dir: 'x', ignore: 5 } }, ['"publicDir"', '"ignore"', '5']],
    [{ targets: { from: 'x' } }, ['"targets"', 'an array', "{ from: 'x' }"]],
    [{ targets: [{}] }, ['"from"', 'missing']],
    [{ targets: [{ from: 'x', dest: 'y' }] }, ['"dest"', 'use "to"; known are from']],
    [{ patterns: [] }, ['"patterns"', 'use "targets"; known are reflink']],
    [{ vite: { environment: 'ssr' } }, ['"vite"', 'environments and reload', "'ssr'"]],
    [{ webpack: true }, ['"webpack"', 'takeOver and dev', 'true']],
    [{ targets: [{ from: 'x', transform: 'minify' }] }, ['"transform"', "'minify'"]],
    [{ report: 'loud' }, ['"report"', "'loud'"]],
    [{ dryRun: 'yes' }, ['"dryRun"', "'yes'"]],
  ];
  test.each(wrong)('a wrong option is a TypeError: %j', (given, named) => {
    let thrown: unknown;
    try {
      host.create(given as Options);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    for (const each of [`unplugin-reflink (${host.id}): `, ...named])
      expect((thrown as TypeError).message).toContain(each);
  });

  test.each([undefined, null, ''])('a report function that throws %j fails the build', async (value) => {
    const report = () => {
      throw value;
    };
    const { errors } = await host.build({ root: makeProject(), options: { ...options, report } });
    expect(errors.join('\n')).toMatch(/ERR_THROWN/);
  });

  test('a report function may return a promise, which the build waits for, and which fails it', async () => {
    const calls: string[] = [];
    const report = async () => {
      calls.push('begun');
      await new Promise((resolve) => setTimeout(resolve, 20));
      calls.push('ended');
      if (calls.length > 2) throw new Error('on purpose');
    };
    const root = makeProject();
    expect((await host.build({ root, options: { ...options, report } })).errors).toEqual([]);
    expect(calls).toEqual(['begun', 'ended']);
    const { errors } = await host.build({ root, options: { ...options, report } });
    expect(errors.join('\n')).toContain('on purpose');
  });

  test('file: URLs stand for paths', async () => {
    const root = makeProject();
    const url = (name: string) => pathToFileURL(join(root, name));
    const reports: CopyReport[] = [];
    const { errors, outDir } = await host.build({
      root,
      options: {
        publicDir: [{ dir: url('static'), to: 'p' }],
        targets: [{ from: url('assets/a.txt'), to: 'x' }],
        cacheDirectory: url('of urls'),
        report: (each) => void reports.push(each),
      },
    });
    expect(errors).toEqual([]);
    expect(readFileSync(join(outDir, 'p/plain.txt'), 'utf8')).toBe('plain');
    expect(existsSync(join(outDir, 'x/a.txt'))).toBe(true);
    expect(existsSync(join(root, 'of urls'))).toBe(true);
    expect(reports).toMatchObject([{ files: 14 }]);
  });

  test('options for another bundler have no effect', async () => {
    const others: Options = {
      ...(host.id !== 'vite' && { vite: { environments: [], reload: true } }),
      ...(host.id !== 'webpack' && { webpack: { takeOver: true, dev: 'emit' } }),
    };
    const reports: CopyReport[] = [];
    const report = (each: CopyReport) => void reports.push(each);
    const { errors } = await host.build({ root: makeProject(), options: { ...options, ...others, report } });
    expect(errors).toEqual([]);
    expect(reports).toMatchObject([{ files: 17 }]);
  });
}
