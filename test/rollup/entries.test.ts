import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CopyReport } from 'fs-reflink';
import type { Plugin as RolldownPlugin } from 'rolldown';
import type { Plugin as RollupPlugin } from 'rollup';
import reflink, {
  type Options,
  type OutputTarget,
  type PublicDirectory,
  type Target,
} from 'unplugin-reflink';
import rolldown from 'unplugin-reflink/rolldown';
import rollup from 'unplugin-reflink/rollup';
import vite from 'unplugin-reflink/vite';
import type { Plugin as VitePlugin } from 'vite';
import { describe, expect, expectTypeOf, test } from 'vitest';

const entries = ['esbuild', 'rolldown', 'rollup', 'vite'];

function run(code: string, ...flags: string[]): string {
  return execFileSync(process.execPath, [...flags, '-e', code], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
}

/** The names of the plugin's built files among the modules that were loaded, without hashes. */
function ownFiles(loaded: string): string[] {
  const ours = loaded.split('\n').filter((each) => each.includes('/packages/unplugin/dist/'));
  return ours.map((each) => path.posix.basename(each, '.js').replace(/-[\w-]{8}$/, '')).sort();
}

describe.each(entries)('the built entry %s', (name) => {
  const print = `process.stdout.write([reflink({ report: false })].flat()[0].name)`;

  test('can be required', () => {
    expect(run(`const reflink = require('unplugin-reflink/${name}'); ${print}`)).toBe('unplugin-reflink');
  });

  test('can be imported', () => {
    const code = `import reflink from 'unplugin-reflink/${name}'; ${print}`;
    expect(run(code, '--input-type=module')).toBe('unplugin-reflink');
  });

  test('refuses wrong options as the source does', () => {
    const code = `try { require('unplugin-reflink/${name}')({ a: 1 }) } catch (e) { process.stdout.write(e.message) }`;
    expect(run(code)).toContain(`unplugin-reflink (${name}): unknown option "a"`);
  });

  test('loads neither unplugin nor a bundler, and the engine only once there is a build', () => {
    const hook = fileURLToPath(new URL('loaded.js', import.meta.url));
    const loaded = run(`await import('unplugin-reflink/${name}')`, '--import', hook, '--input-type=module');
    const ofTheEngine = loaded.split('\n').filter((each) => each.includes('/packages/core/dist/'));
    const isRollup = name.startsWith('roll');
    expect(ofTheEngine.map((each) => path.posix.basename(each)).sort()).toEqual(
      isRollup ? ['host.js', 'options.js'] : [],
    );
    const others = name === 'vite' ? /\/dist\/(rollup|rolldown)\b/ : /\/dist\/vite\b/;
    for (const each of ['unplugin', 'esbuild', 'rollup', 'rolldown', 'vite', 'p-limit', 'micromatch'])
      expect(loaded).not.toContain(`/node_modules/${each}/`);
    expect(loaded).not.toMatch(others);
    if (!isRollup) expect(ownFiles(loaded)).toEqual(['config', name]);
  });
});

test.each([
  ['which has no files to serve, loads no more than its config', '', false],
  ['which serves a target, loads what serves it', "{ targets: [{ from: 'loaded.js' }] }", true],
])("Vite's development server, %s", (_what, options, serves) => {
  const hook = fileURLToPath(new URL('loaded.js', import.meta.url));
  const code = `
    import { createServer } from 'vite';
    import reflink from 'unplugin-reflink/vite';
    const optimizeDeps = { noDiscovery: true };
    const server = { middlewareMode: true, ws: false };
    const plugins = [reflink(${options})];
    await (await createServer({ configFile: false, optimizeDeps, server, plugins })).close();`;
  const files = ownFiles(run(code, '--import', hook, '--input-type=module'));
  if (serves) expect(files).toEqual(expect.arrayContaining(['config', 'serve', 'vite']));
  else expect(files).toEqual(['config', 'vite']);
});

describe('the unified plugin', () => {
  test('has each host natively', () => {
    expect([reflink.rollup({ report: false })].flat().map(({ name }) => name)).toEqual(['unplugin-reflink']);
    expect([reflink.rolldown({ report: false })].flat().map(({ name }) => name)).toEqual([
      'unplugin-reflink',
    ]);
    const hooks = Object.keys([reflink.rollup({ report: false })].flat()[0]!);
    expect(hooks).toEqual(expect.arrayContaining(['generateBundle', 'writeBundle', 'closeWatcher']));
  });

  test('names the host in its errors', () => {
    expect(() => reflink.rolldown({ a: 1 } as Options)).toThrow(/unplugin-reflink \(rolldown\).*"a"/);
  });
});

test('types', () => {
  expectTypeOf(rollup).toEqualTypeOf<(options?: Options) => RollupPlugin>();
  expectTypeOf(rolldown).toEqualTypeOf<(options?: Options) => RolldownPlugin>();
  expectTypeOf(vite).toEqualTypeOf<(options?: Options) => VitePlugin[]>();
  expectTypeOf<Options['targets']>().toEqualTypeOf<readonly OutputTarget[] | undefined>();
  expectTypeOf<Target>().toExtend<OutputTarget>();
  expectTypeOf<Options['publicDir']>().toEqualTypeOf<
    false | string | URL | PublicDirectory | readonly (string | URL | PublicDirectory)[] | undefined
  >();
  expectTypeOf<Options['report']>().toEqualTypeOf<
    false | 'summary' | 'verbose' | ((report: CopyReport, outDir: string) => void) | undefined
  >();
  expectTypeOf<{ from: string; base: string; overwrite: 'error' }>().toExtend<Target>();
  expectTypeOf<{ from: string[] }>().toExtend<Target>();
  expectTypeOf<{ from: number[] }>().not.toExtend<Target>();
  expectTypeOf<NonNullable<Target['transform']>>()
    .parameter(1)
    .toEqualTypeOf<{ source: string; path: string }>();
  // @ts-expect-error an unknown option is a type error too
  const options: Options = { reflnk: 'auto' };
  expect(Object.keys(options)).toEqual(['reflnk']);
});
