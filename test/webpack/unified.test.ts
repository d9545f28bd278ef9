import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import reflink from 'unplugin-reflink';
import native from 'unplugin-reflink/webpack';
import { expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { configOf, describeWebpacks, run } from './hosts.ts';

describeWebpacks(({ webpack }) => {
  test('the plugin of all hosts', async () => {
    const root = makeProject();
    const plugins = [reflink.webpack({ publicDir: 'static', report: 'summary' })];
    const { errors, warnings, log } = await run(webpack(configOf(root, { plugins }))!);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    expect(log).toEqual([expect.stringMatching(/^public → dist: 13 copied in /)]);
    expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
  });
});

test.each([
  [
    { targets: [{ from: 'a', minimize: 'yes' }] },
    /^unplugin-reflink \(webpack\): option "targets" "minimize" must be true or false, got .*'yes'/,
  ],
  [{ publicDir: { dir: 'a', info: [] } }, /option "publicDir" "info" must be an object or a function, got/],
  [
    { webpack: { takeOver: 'yes' } },
    /^unplugin-reflink \(webpack\): option "webpack.takeOver" must be true or false, got 'yes'/,
  ],
  [
    { webpack: { dev: 'memory' } },
    /^unplugin-reflink \(webpack\): option "webpack.dev" must be 'serve' or 'emit', got 'memory'/,
  ],
])('a wrong option of webpack: %j', (options, message) => {
  expect(() => native(options as never)).toThrow(message);
});
