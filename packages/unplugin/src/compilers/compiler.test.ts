import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NAME } from '../options/name.ts';
import {
  type AnyCompilation,
  type AnyCompiler,
  configurationOf,
  logOf,
  outputOf,
  watchSources,
} from './compiler.ts';

function compilationIn(root: string, taps: string[] = []) {
  const said: string[] = [];
  const say = (level: string) => (message: string) => void said.push(`${level} ${message}`);
  const compilation = {
    compiler: {
      context: root,
      outputPath: `${root}/dist/[hash]`,
      options: { name: 'app', entry: 'main.js', target: 'web', output: { filename: '[name].js' } },
      webpack: { WebpackError: Error },
      hooks: { afterEmit: { taps: taps.map((name) => ({ name })), tapPromise: () => {} } },
      getInfrastructureLogger: () => ({ info: say('info'), warn: say('warn'), error: say('error') }),
    } as unknown as AnyCompiler,
    warnings: [] as Error[],
    errors: [] as Error[],
    fileDependencies: new Set<string>(),
    contextDependencies: new Set<string>(),
    missingDependencies: new Set<string>(),
    getPath: (template: string) => template.replace('[hash]', 'abc'),
  } satisfies AnyCompilation;
  return { compilation, said };
}

test('the output may be a template', () =>
  expect(outputOf(compilationIn('/root').compilation)).toBe('/root/dist/abc'));

test('warnings and failures are the compilation’s, all else goes to the logger', () => {
  const { compilation, said } = compilationIn('/root');
  const log = logOf(() => compilation, compilation.compiler.getInfrastructureLogger(NAME));
  log.info('one');
  log.warn('two');
  log.error('three');
  log.fail(new Error('four'));
  log.fail('five');
  expect(said).toEqual(['info one', 'error three']);
  expect(compilation.warnings.map(({ message }) => message)).toEqual([`${NAME}: two`]);
  expect(compilation.errors.map(({ message }) => message)).toEqual([`${NAME}: four`, `${NAME}: five`]);
  const logger = compilation.compiler.getInfrastructureLogger(NAME);
  expect(() => logOf(() => undefined, logger).warn('between two builds')).not.toThrow();
});

test('an instance is known by its position among those of its compiler, and by the config as it is in the end', () => {
  const { compiler } = compilationIn('/root', [NAME, 'other', NAME]).compilation;
  const configuration = configurationOf(compiler);
  compiler.options.output.filename = 'late.js';
  const known = { position: 2, name: 'app', entry: 'main.js', target: 'web', filename: 'late.js' };
  expect(configuration()).toEqual(known);
});

test('sources are watched as what they are: files, directories, or missing', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-compilers-')));
  try {
    mkdirSync(join(root, 'public'));
    writeFileSync(join(root, 'file.txt'), '');
    const { compilation } = compilationIn(root);
    watchSources(compilation, {
      publicTargets: [{ from: join(root, 'public') }],
      targets: [{ from: join(root, 'file.txt') }, { from: join(root, 'public/missing') }],
    });
    expect([...compilation.contextDependencies]).toEqual([join(root, 'public')]);
    expect([...compilation.fileDependencies]).toEqual([join(root, 'file.txt')]);
    expect([...compilation.missingDependencies]).toEqual([join(root, 'public/missing')]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
