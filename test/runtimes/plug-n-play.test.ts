import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { fetchTool } from '../support/tools.ts';
import { BUILT } from './smoke.ts';

const skipped = reasonToSkip('runtimes', () => undefined);
const yarn = {
  name: '@yarnpkg/cli-dist',
  version: '4.18.1',
  integrity:
    'sha512-EH+A4TxAtBWXKE0DGQxW9Bo9crXHLJ73mfxjTQJuv8XonNWWTpei8BQ5JjczHJNU9GROTycwMFn8iOvRIZXUcA==',
};
const LARGE = 300_000;

/** Its first argument: options of the copy. Prints where the source lies, and the report. */
const script = `
const path = require('node:path');
const from = path.join(path.dirname(require.resolve('assets/package.json')), 'dist');
const { transform, ...options } = JSON.parse(process.argv[2]);
const targets = [{ from, to: 'out', ...(transform && { transform: (content) => content }) }, { from: 'own', to: 'out' }];
import(process.argv[3])
  .then(({ copy }) => copy(targets, options))
  .then(({ methods, unchanged, warnings }) => console.log(JSON.stringify({ from, methods, unchanged, warnings })));
`;

describe.skipIf(skipped)(`Yarn with Plug'n'Play${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'reflink-pnp-'));
    const at = (...names: string[]) => join(root, ...names);
    mkdirSync(at('package/dist/sub'), { recursive: true });
    writeFileSync(at('package/package.json'), '{ "name": "assets", "version": "1.0.0" }');
    writeFileSync(at('package/dist/large.dat'), Buffer.alloc(LARGE, 'l'));
    writeFileSync(at('package/dist/sub/small.txt'), 'small');
    execFileSync('tar', ['czf', 'assets.tgz', 'package'], { cwd: root });
    rmSync(at('package'), { recursive: true });
    mkdirSync(at('own'));
    writeFileSync(at('own/own.txt'), 'own');
    writeFileSync(
      at('package.json'),
      '{ "private": true, "dependencies": { "assets": "file:./assets.tgz" } }',
    );
    writeFileSync(
      at('.yarnrc.yml'),
      'nodeLinker: pnp\nenableGlobalCache: false\nenableTelemetry: false\nenableNetwork: false\n',
    );
    writeFileSync(at('yarn.lock'), '');
    writeFileSync(at('copy.cjs'), script);
    execFileSync(process.execPath, [join(fetchTool(yarn), 'bin/yarn.js'), 'install', '--no-immutable'], {
      cwd: root,
      env: { ...process.env, CI: '', NODE_OPTIONS: '' },
    });
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const run = (options: object) => {
    rmSync(join(root, 'out'), { recursive: true, force: true });
    return again(options);
  };
  const again = (options: object) => {
    const args = ['-r', './.pnp.cjs', 'copy.cjs', JSON.stringify(options), BUILT];
    return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
  };
  const archived = { files: 2, bytes: LARGE + 5 };

  test.each([
    ['', {}],
    [', where the disk is waited for', { durability: 'file' }],
    [', by several threads', { concurrency: 4 }],
  ])('files of a package in an archive are copied by node:fs, others as usual%s', (_how, options) => {
    const { from, methods, warnings } = run(options);
    expect(from).toMatch(/\.zip\/node_modules\/assets\/dist$/);
    const { node_fs, ...others } = methods;
    expect(node_fs).toEqual(archived);
    expect(Object.values(others)).toEqual([{ files: 1, bytes: 3 }]);
    expect(warnings).toEqual([]);
    expect(readFileSync(join(root, 'out/large.dat'))).toEqual(Buffer.alloc(LARGE, 'l'));
    expect(readFileSync(join(root, 'out/sub/small.txt'), 'utf8')).toBe('small');
  });

  test('the next copy finds them unchanged', () => {
    run({ manifest: 'manifest' });
    expect(again({ manifest: 'manifest' })).toMatchObject({ methods: {}, unchanged: 3 });
    expect(again({ overwrite: 'changed' })).toMatchObject({ methods: {}, unchanged: 3 });
  });

  test('they can be transformed', () => {
    const { methods } = run({ transform: true });
    expect(methods.transform).toEqual(archived);
    expect(readFileSync(join(root, 'out/sub/small.txt'), 'utf8')).toBe('small');
  });
});
