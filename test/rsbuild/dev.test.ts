import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RsbuildConfig } from '@rsbuild/core';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rsbuild';
import { afterEach, expect, test, vi } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { makeProject } from '../hosts/project.ts';
import { replaceAtOnce } from '../support/watches.js';
import { type Built, rsbuildOf } from './hosts.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(root: string, config: RsbuildConfig): Promise<{ url: string; said: Built }> {
  const said: Built = { warnings: [], errors: [], log: [] };
  const server = { host: '127.0.0.1', port: 0, printUrls: false, ...config.server };
  const rsbuild = await rsbuildOf(root, { mode: 'development', ...config, server }, said);
  const built = new Promise<void>((resolve) => rsbuild.onAfterDevCompile(() => resolve()));
  const { port, server: started } = await rsbuild.startDevServer();
  closing.push(() => started.close());
  await built;
  return { url: `http://127.0.0.1:${port}`, said };
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

const tree = {
  'public/p.txt': 'public',
  [`assets/${BUNDLE}`]: 'of a target',
  'more/big.bin': Buffer.alloc(2_000_000, 'large'),
};
const options: Options = {
  targets: [
    { from: ['assets', `!assets/${BUNDLE}`], to: 'assets' },
    { from: 'more/big.bin' },
    { from: 'more/notes.md', transform: (content) => `changed ${content}` },
  ],
};

test.each(['', '/base'])(
  'the development server serves targets below "%s/" from their sources',
  async (base) => {
    const root = makeProject(tree);
    const { url, said } = await serve(root, {
      plugins: [reflink(options)],
      ...(base && { server: { base } }),
    });
    const at = (name: string) => get(`${url}${base}/${name}`);
    expect(await at('assets/sub/c.txt')).toEqual({ status: 200, text: 'c' });
    expect(await at('notes.md')).toEqual({ status: 200, text: 'changed notes' });
    const part = await fetch(`${url}${base}/big.bin`, { headers: { range: 'bytes=10-14' } });
    expect([part.status, await part.text()]).toEqual([206, 'large']);
    // Rsbuild itself serves its public directory.
    expect(await at('p.txt')).toEqual({ status: 200, text: 'public' });
    expect((await at(BUNDLE)).text).toContain('bundled');
    expect((await at('none.txt')).status).toBe(404);
    expect(existsSync(join(root, 'dist'))).toBe(false);
    replaceAtOnce(join(root, 'assets/added.txt'), 'added');
    rmSync(join(root, 'assets/sub'), { recursive: true });
    await vi.waitFor(async () => expect((await at('assets/added.txt')).text).toBe('added'), 200_000);
    await vi.waitFor(async () => expect((await at('assets/sub/c.txt')).status).toBe(404), 200_000);
    expect(said).toEqual({ warnings: [], errors: [], log: [] });
  },
);

test('directories of the option publicDir are served in the place of that of Rsbuild, below the bundle', async () => {
  const root = makeProject({ ...tree, [`static/${BUNDLE}`]: 'public' });
  const { url, said } = await serve(root, {
    plugins: [reflink({ publicDir: ['static', { dir: 'more', to: 'm' }] })],
  });
  expect((await get(`${url}/plain.txt`)).text).toBe('plain');
  expect((await get(`${url}/m/extra.txt`)).text).toBe('extra');
  expect((await get(`${url}/${BUNDLE}`)).text).toContain('bundled');
  expect((await get(`${url}/p.txt`)).status).toBe(404);
  expect(said).toEqual({ warnings: [], errors: [], log: [] });
});

test('dev.writeToDisk: true copies targets', async () => {
  const root = makeProject(tree);
  const { url } = await serve(root, {
    dev: { writeToDisk: true },
    plugins: [reflink({ ...options, report: false })],
  });
  expect((await get(`${url}/assets/a.txt`)).text).toBe('a');
  expect(existsSync(join(root, 'dist/big.bin'))).toBe(true);
  writeFileSync(join(root, 'assets/a.txt'), 'changed');
  await vi.waitFor(async () => expect((await get(`${url}/assets/a.txt`)).text).toBe('changed'), 200_000);
});
