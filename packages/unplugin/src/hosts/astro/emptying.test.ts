import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveOptions } from '../../options/resolve-options.ts';
import { checkEnvironments, emptyAround } from './emptying.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-astro-')));
  for (const name of ['dist/old.html', 'dist/client/old.js', 'dist/.git/HEAD', 'node_modules/x']) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const empty = (browser: string) =>
  emptyAround(
    { environments: { client: { build: { outDir: join(root, browser) } } } },
    { root, outDir: join(root, 'dist') },
    resolveOptions({}, 'astro'),
  );
const emptied = {
  environments: { client: { build: { emptyOutDir: true } }, prerender: { build: { emptyOutDir: true } } },
};

test.each<[what: string, browser: string, left: string[], config: object]>([
  ['the output itself: Vite empties it', 'dist', ['.git', 'client', 'old.html'], emptied],
  ['a directory in the output: all around it is emptied', 'dist/client', ['.git', 'client'], emptied],
  ['a directory elsewhere: the output is emptied', 'other', ['.git'], {}],
])('the files for browsers go to %s', async (_what, browser, left, config) => {
  expect(await empty(browser)).toEqual(config);
  expect(readdirSync(join(root, 'dist')).sort()).toEqual(left);
  expect(existsSync(join(root, 'dist/.git/HEAD'))).toBe(true);
});

test('an Astro without environments is too old', () => {
  expect(() => checkEnvironments({})).toThrow(
    /works in Astro 6 or newer, and this build runs in Astro 5 or older/,
  );
  expect(() => checkEnvironments({ environments: { client: {} } })).not.toThrow();
});
