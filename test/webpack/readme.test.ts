import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import reflink from 'unplugin-reflink/webpack';
import { expect, test } from 'vitest';
import type { Configuration } from 'webpack';
import { makeProject } from '../hosts/project.ts';
import { readTree } from '../support/trees.ts';
import { configOf, describeWebpacks, run } from './hosts.ts';

const readme = readFileSync(join(import.meta.dirname, '../../packages/unplugin/README.md'), 'utf8');
const [, config] = /```js\n(\/\/ webpack\.config\.js\n.*?)```/s.exec(readme)!;

const requireOurs = (name: string) => {
  expect(name).toBe('unplugin-reflink/webpack');
  return reflink;
};

describeWebpacks(({ webpack }) => {
  test('the config of the README', async () => {
    const root = makeProject({ 'public/page.html': 'page', 'assets/fonts/a.woff2': 'font' });
    const module = { exports: {} as Configuration };
    new Function('module', 'require', config!)(module, requireOurs);
    const { errors, warnings } = await run(webpack(configOf(root, module.exports))!);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    const files = Object.keys(readTree(join(root, 'dist'))).filter((name) => name.includes('.'));
    expect(files).toEqual([
      'bundle.js',
      expect.stringMatching(/^fonts\/a\.[0-9a-f]{20}\.woff2$/),
      'page.html',
    ]);
  });
});
