import fs, { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import { vi } from 'vitest';
import type { Configuration } from 'webpack';
import type { TreeSpec } from '../support/trees.ts';
import { type Built, type Bundler, configOf, reporting, run } from './hosts.ts';

export const script = 'var   a = 1 ;  // written by hand\n';
export const files: TreeSpec = {
  'static/script.js': script,
  'static/style.css': 'a { color : red }\n',
  'static/large.txt': 'x'.repeat(300_000),
};

/** Builds once. `read` has the public files that were read as a whole. */
export async function build(
  { webpack }: Bundler,
  root: string,
  { plugins = [], ...config }: Configuration = {},
  options: Options = { publicDir: 'static' },
): Promise<Built & { reports: ReturnType<typeof reporting>['reports']; read: string[] }> {
  const { plugin, reports } = reporting(options);
  const spy = vi.spyOn(fs, 'readFileSync');
  const compiler = webpack(configOf(root, { ...config, plugins: [plugin, ...plugins] }));
  const built = await run(compiler!);
  const read = spy.mock.calls
    .map(([path]) => String(path))
    .filter((path) => path.startsWith(`${root}/static`));
  spy.mockRestore();
  return { ...built, reports, read };
}

export const dist = (root: string, name: string) => readFileSync(join(root, 'dist', name), 'utf8');

/** A build without errors and warnings. */
export const clean = { errors: [], warnings: [] };
