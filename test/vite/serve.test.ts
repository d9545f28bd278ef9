import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { InlineConfig } from 'vite';
import { expect, test } from 'vitest';
import { LONG_AGO, makeProject } from '../hosts/project.ts';
import { symlink } from '../support/trees.ts';
import { ask, startDev, startPreview, urlOf } from './servers.ts';
import { describeVites, type Options } from './support.ts';

const page = '<!doctype html><script type="module" src="/main.js"></script>';

describeVites((host) => {
  const targets: Options = { targets: [{ from: 'assets', to: 'x' }] };

  test('parts, headers alone, and what did not change', async () => {
    const root = makeProject({ 'assets/big.bin': '0123456789'.repeat(20_000) });
    const dev = await startDev(host, root, targets);
    const range = (value: string, more = {}) =>
      ask(dev, '/x/big.bin', { headers: { range: value, ...more } });
    const whole = await ask(dev, '/x/big.bin');
    expect(whole).toMatchObject({ status: 200, type: 'application/octet-stream' });
    expect(whole.body).toHaveLength(200_000);
    expect(whole.headers).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'content-length': '200000',
      etag: `W/"200000-${LONG_AGO.getTime()}"`,
      'last-modified': 'Sat, 03 Feb 2001 04:05:06 GMT',
    });
    const parts: [string, string, string][] = [
      ['bytes=0-4', '01234', 'bytes 0-4/200000'],
      ['bytes=199995-', '56789', 'bytes 199995-199999/200000'],
      ['bytes=-3', '789', 'bytes 199997-199999/200000'],
      ['bytes=-200000', '0123456789'.repeat(20_000), 'bytes 0-199999/200000'],
      ['bytes=-999999', '0123456789'.repeat(20_000), 'bytes 0-199999/200000'],
      ['bytes=199998-999999', '89', 'bytes 199998-199999/200000'],
    ];
    for (const [asked, body, contentRange] of parts) {
      const part = await range(asked);
      expect(part).toMatchObject({ status: 206, body });
      expect(part.headers).toMatchObject({
        'content-range': contentRange,
        'content-length': `${body.length}`,
      });
    }
    const beyond = await range('bytes=200000-');
    expect(beyond).toMatchObject({ status: 416, body: '' });
    expect(beyond.headers['content-range']).toBe('bytes */200000');
    expect(await range('bytes=-0')).toMatchObject({ status: 416, body: '' });
    for (const asked of ['lines=1-2', 'bytes=a-b', 'bytes=0-1,5-6', 'bytes=0-1,-999999']) {
      expect((await range(asked)).body).toHaveLength(200_000);
    }
    const unchanged = { 'last-modified': whole.headers['last-modified'], etag: whole.etag };
    expect(await range('bytes=0-4', { 'if-range': unchanged['last-modified'] })).toMatchObject({
      status: 206,
    });
    for (const old of ['Sat, 03 Feb 2001 04:05:05 GMT', whole.etag, '"other"']) {
      expect(await range('bytes=0-4', { 'if-range': old })).toMatchObject({ status: 200 });
    }
    for (const condition of [
      { 'if-none-match': unchanged.etag },
      { 'if-none-match': `"other", ${unchanged.etag}` },
      { 'if-modified-since': unchanged['last-modified'] },
    ]) {
      const answer = await ask(dev, '/x/big.bin', { headers: condition });
      expect(answer).toMatchObject({ status: 304, body: '' });
      expect(answer.headers).not.toHaveProperty('content-length');
    }
    expect((await ask(dev, '/x/big.bin', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    const head = await ask(dev, '/x/big.bin', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('200000');
    expect((await ask(dev, '/x/big.bin', { method: 'POST' })).status).toBe(404);
  });

  test('a file without bytes', async () => {
    const dev = await startDev(host, makeProject(), { targets: [{ from: 'static/zero', to: 'x' }] });
    const empty = await ask(dev, '/x/zero');
    expect(empty).toMatchObject({ status: 200, body: '' });
    expect(empty.headers['content-length']).toBe('0');
  });

  test('what a transform makes has parts and an ETag of its own', async () => {
    const root = makeProject();
    let suffix = '!';
    const transform = (content: Buffer) => `${content}${suffix}`;
    const dev = await startDev(host, root, { targets: [{ from: 'assets/a.txt', to: 'x', transform }] });
    const whole = await ask(dev, '/x/a.txt');
    expect(whole).toMatchObject({ status: 200, body: 'a!', type: 'text/plain' });
    expect(whole.headers).not.toHaveProperty('last-modified');
    expect(await ask(dev, '/x/a.txt', { headers: { range: 'bytes=1-' } })).toMatchObject({ body: '!' });
    const again = () => ask(dev, '/x/a.txt', { headers: { 'if-none-match': whole.etag } });
    expect((await again()).status).toBe(304);
    suffix = '?';
    expect(await again()).toMatchObject({ status: 200, body: 'a?' });
  });

  test.each(['/sub/path/', './', ''])('base %j and server.headers are honoured', async (base) => {
    const headers = { 'cross-origin-embedder-policy': 'require-corp', 'cache-control': 'max-age=5' };
    const dev = await startDev(host, makeProject(), targets, { base, server: { headers } });
    const at = base.startsWith('/') ? base : '/';
    const answer = await ask(dev, `${at}x/a.txt`);
    expect(answer).toMatchObject({ status: 200, body: 'a' });
    expect(answer.headers).toMatchObject(headers);
    expect((await ask(dev, base.startsWith('/') ? '/x/a.txt' : '/sub/path/x/a.txt')).status).toBe(404);
  });

  test('types are those of the new name', async () => {
    const root = makeProject();
    const named = ['a.wasm', 'a.mjs', 'a.ts', 'a.html', 'a.svg', 'a.unknown-type', 'A.JSON'];
    const dev = await startDev(host, root, {
      targets: named.map((name) => ({ from: 'assets/a.txt', to: 'x', rename: name })),
    });
    const types = await Promise.all(named.map(async (name) => (await ask(dev, `/x/${name}`)).type));
    expect(types).toEqual([
      'application/wasm',
      'text/javascript',
      'text/javascript',
      'text/html;charset=utf-8',
      'image/svg+xml',
      '',
      'application/json',
    ]);
  });

  test('what is compressed already is so for the browser too, as in a preview', async () => {
    const root = makeProject({
      'index.html': page,
      'assets/a.js.gz': 'gzip',
      'assets/a.svg.br': 'brotli',
    });
    const [dev, preview] = [await startDev(host, root, targets), await startPreview(host, root, targets)];
    for (const [path, encoding] of [
      ['/x/a.js.gz', 'gzip'],
      ['/x/a.svg.br', 'br'],
    ] as const) {
      const [here, there] = [await ask(dev, path), await ask(preview, path)];
      expect(here).toMatchObject({ status: there.status, body: there.body, type: there.type });
      for (const { headers } of [here, there]) expect(headers['content-encoding']).toBe(encoding);
    }
  });

  test('every spelling of a name, and queries', async () => {
    const root = makeProject({ 'assets/q#?%@.txt': 'odd' });
    const dev = await startDev(host, root, { targets: [{ from: 'assets', to: '@scope/x' }] });
    const odd = encodeURIComponent('q#?%@.txt');
    for (const path of [`/@scope/x/${odd}`, `/%40scope/%78/${odd}`, `/@scope/x/${odd}?v=1`]) {
      expect(await ask(dev, path)).toMatchObject({ status: 200, body: 'odd' });
    }
  });

  test('paths with more slashes and dots than they need, and queries, lead where they do without the option', async () => {
    const paths = ['//plain.txt', '/one//../plain.txt', '/./plain.txt', '/%2e/plain.txt', '/plain.txt?raw'];
    const given: [Options, InlineConfig][] = [
      [{ publicDir: false }, { publicDir: 'static' }],
      [{ publicDir: 'static' }, {}],
      [{ publicDir: false, targets: [{ from: 'static' }] }, {}],
    ];
    for (const [options, config] of given)
      for (const base of ['/', '/sub/']) {
        const dev = await startDev(host, makeProject(), options, { ...config, base });
        for (const path of paths)
          expect(await ask(dev, base.slice(0, -1) + path), path).toMatchObject({
            status: 200,
            body: 'plain',
          });
      }
  });

  test('pages of a directory, as a preview has them', async () => {
    const root = makeProject({
      'docs/index.html': 'index',
      'docs/guide.html': 'guide',
      'docs/deep/index.html': 'deep',
      'index.html': page,
    });
    const options: Options = { targets: [{ from: 'docs', to: 'manual' }] };
    const dev = await startDev(host, root, options);
    const preview = await startPreview(host, root, options);
    for (const path of ['/manual/', '/manual/guide', '/manual/deep/', '/manual/index.html']) {
      const { status, body, type } = await ask(preview, path);
      expect({ status, type }).toEqual({ status: 200, type: expect.stringContaining('text/html') });
      const html = 'text/html;charset=utf-8';
      expect(await ask(dev, path), path).toMatchObject({ status, body, type: html });
    }
    for (const path of ['/manual', '/manual/other', '/manual/guide/']) {
      expect((await ask(preview, path)).status, path).toBe(404);
      expect((await ask(dev, path)).status, path).toBe(404);
    }
  });

  test('public files < modules < targets', async () => {
    const root = makeProject({
      'index.html': page,
      'public/both.txt': 'public',
      'public/only.txt': 'public',
      'mine/index.html': 'no page of the project',
      'mine/both.txt': 'target',
      'mine/main.js': 'target()',
      'yields/only.txt': 'target',
      'yields/main.js': 'target()',
      'yields/alone.txt': 'target',
    });
    const mine = { from: 'mine/{both.txt,main.js}' };
    const dev = await startDev(host, root, {
      targets: [mine, { from: 'yields', overwrite: false }],
    });
    const bodyOf = async (path: string) => (await ask(dev, path)).body;
    expect(await bodyOf('/both.txt')).toBe('target');
    expect(await bodyOf('/main.js')).toBe('target()');
    expect(await bodyOf('/only.txt')).toBe('public');
    expect(await bodyOf('/alone.txt')).toBe('target');
    expect(await bodyOf('/')).toContain('/main.js');
    const whole = await startDev(host, root, { targets: [{ from: 'mine' }] });
    expect((await ask(whole, '/')).body).toBe('no page of the project');
    const own = await startDev(host, root, { publicDir: ['public', 'mine'] });
    expect((await ask(own, '/both.txt')).body).toBe('target');
    expect((await ask(own, '/only.txt')).body).toBe('public');
    expect((await ask(own, '/')).body).toContain('/main.js');
    expect((await ask(own, '/index.html')).body).toContain('/main.js');
  });

  test("a public directory of the options replaces Vite's own", async () => {
    const root = makeProject({ 'public/of-vite.txt': 'of Vite' });
    const dev = await startDev(host, root, { publicDir: 'static' });
    expect((await ask(dev, '/of-vite.txt')).status).toBe(404);
    const left = await startDev(host, root, { publicDir: false, ...targets });
    expect((await ask(left, '/of-vite.txt')).body).toBe('of Vite');
    expect((await ask(left, '/x/a.txt')).body).toBe('a');
    const none = await startDev(host, root, targets, { publicDir: false });
    expect((await ask(none, '/x/a.txt')).body).toBe('a');
  });

  // Vite before version 8 ignores `bundledDev`, and has no file of this name.
  test('a target wins over the bundle of a server that bundles, with and without a public directory', async () => {
    const root = makeProject({ 'index.html': page, 'main.js': 'main();\n', 'client.js': 'target();\n' });
    const client: Options = { targets: [{ from: 'client.js', to: '.', rename: 'bundledDevClient.mjs' }] };
    for (const publicDir of ['public', false] as const) {
      const dev = await startDev(host, root, client, { publicDir, experimental: { bundledDev: true } });
      expect((await ask(dev, '/bundledDevClient.mjs')).body).toBe('target();\n');
    }
  });

  test('what is a module too stays one where it is asked for as one', async () => {
    const root = makeProject({
      'index.html': page,
      'main.js': "import url from './src/logo.svg';\nimport './src/module.js';\nconsole.log(url);\n",
      'src/logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      'src/module.js': 'console.log(import.meta.env.MODE);\n',
      'src/raw.js': 'console.log(import.meta.env.MODE);\n',
    });
    const dev = await startDev(host, root, { targets: [{ from: 'src', base: '.' }] });
    expect((await ask(dev, '/main.js')).body).toContain('/src/module.js');
    expect((await ask(dev, '/src/module.js')).body).toContain('import.meta.env =');
    expect((await ask(dev, '/src/raw.js')).body).toBe('console.log(import.meta.env.MODE);\n');
    expect((await ask(dev, '/src/logo.svg?import')).body).toMatch(/^export default/);
    expect((await ask(dev, '/src/logo.svg')).body).toMatch(/^<svg/);
  });

  test('environments that do not have the client get nothing', async () => {
    const root = makeProject();
    const dev = await startDev(host, root, { ...targets, vite: { environments: ['ssr'] } });
    expect((await ask(dev, '/x/a.txt')).status).toBe(404);
  });

  test('a link that is put in place of a file is followed only as the copy would', async () => {
    const root = makeProject({ 'secret.txt': 'secret', 'static/out.txt': symlink('../secret.txt') });
    const secret = readFileSync(join(root, 'secret.txt'), 'utf8');
    const follow = await startDev(host, root, { targets: [{ from: 'static/out.txt', to: 'x' }] });
    expect((await ask(follow, '/x/out.txt')).body).toBe(secret);
    const keep = await startDev(host, root, {
      targets: [{ from: 'static', to: 'x' }],
      symlinks: 'keep',
    });
    expect((await ask(keep, '/x/plain.txt')).body).toBe('plain');
    expect((await ask(keep, '/x/out.txt')).status).toBe(404);
    rmSync(join(root, 'static/plain.txt'));
    symlinkSync('../secret.txt', join(root, 'static/plain.txt'));
    expect((await ask(keep, '/x/plain.txt')).status).toBe(404);
    expect((await ask(keep, urlOf('x/linked.txt'))).status).toBe(404);
  });
});
