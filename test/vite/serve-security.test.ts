import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { symlink, type TreeSpec } from '../support/trees.ts';
import { ask, askRaw, startDev } from './servers.ts';
import { describeVites, type Options } from './support.ts';

const SECRET = 'nobody may read this';

const tree: TreeSpec = {
  'secret/secret.txt': SECRET,
  'assets/open.txt': 'open',
  'assets/.env': 'of a target',
  'assets/back\\slash.txt': 'named so',
};

/** Paths that lead out of `/x/`, which has the files of `assets`, to `secret/secret.txt` of the project. */
const ways = [
  '../secret/secret.txt',
  '../../secret/secret.txt',
  'sub/../../secret/secret.txt',
  './../secret/secret.txt',
  '%2e%2e/secret/secret.txt',
  '%2E%2E%2Fsecret%2Fsecret.txt',
  '..%2fsecret%2fsecret.txt',
  '..%5csecret%5csecret.txt',
  '..\\secret\\secret.txt',
  '%252e%252e/secret/secret.txt',
  '%252e%252e%252fsecret%252fsecret.txt',
  '%c0%ae%c0%ae/secret/secret.txt',
  '%u002e%u002e/secret/secret.txt',
  '..;/secret/secret.txt',
  '.../secret/secret.txt',
  'open.txt/../../secret/secret.txt',
  'open.txt%00/../../secret/secret.txt',
  'open.txt%00.html',
  'open.txt/',
  'open.txt/.',
  'open.txt%2f',
  'open.txt%5c',
  'sub%2fc.txt',
  '%',
  '%zz',
  '%e0%a4%a',
  '//etc/passwd',
  '%2fetc%2fpasswd',
  'file:///etc/passwd',
  '__proto__',
  'constructor',
];

/** Reads the first bytes of an answer and closes the connection. */
function askAndLeave(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET /x/big.bin HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
    });
    socket.once('data', () => socket.destroy());
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

/** How often this process has a file open. */
function timesOpen(file: string): number {
  const links = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return undefined;
    }
  });
  return links.filter((each) => each === file).length;
}

describeVites((host) => {
  test('no path leads out of what is copied, however it is spelled', async () => {
    const root = makeProject(tree);
    // Vite's own project is another one, so that only the plugin can answer with these files.
    const other = makeProject();
    const dev = await startDev(host, other, {
      targets: [{ from: join(root, 'assets'), to: 'x' }],
      publicDir: { dir: join(root, 'static'), to: 'p' },
    });
    expect((await ask(dev, '/x/open.txt')).body).toBe('open');
    expect((await ask(dev, '/x/.env')).body).toBe('of a target');
    expect((await ask(dev, '/x/back%5Cslash.txt')).body).toBe('named so');
    expect(await askRaw(dev, '/x/sub/c.txt')).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nc$/);
    for (const way of ways) {
      for (const prefix of ['/x/', '/p/', '/', '/x/sub/', '//x/']) {
        const answer = await askRaw(dev, prefix + way);
        // Some are not valid requests: Vite closes the connection or answers with an error.
        expect(answer, prefix + way).toMatch(/^(HTTP\/1\.1 (400|404|403|500|30\d) |$)/);
        expect(answer, prefix + way).not.toContain(SECRET);
        expect(answer, prefix + way).not.toContain('root:');
      }
    }
  });

  test('what a build would copy outside its output is not served', async () => {
    const root = makeProject(tree);
    const targets = [
      { from: 'assets', to: 'x' },
      { from: 'assets', to: join(root, 'elsewhere') },
    ];
    const dev = await startDev(host, root, { targets });
    expect((await ask(dev, '/x/open.txt')).body).toBe('open');
    for (const path of ['/../elsewhere/open.txt', '/%2e%2e/elsewhere/open.txt', '/elsewhere/open.txt']) {
      expect(await askRaw(dev, path), path).toMatch(/^HTTP\/1\.1 (400|404) /);
    }
  });

  test.each([
    ['a NUL', '/x%00.png'],
    ['a NUL in a directory', '/sub%00/x.png'],
    ['a name that is too long', `/${'x'.repeat(300)}.png`],
    ['a file in the place of a directory', '/plain.txt/x.png'],
  ])('%s is not found, where the public directory is ours too', async (_name, path) => {
    const dev = await startDev(host, makeProject(), {
      publicDir: 'static',
      targets: [{ from: 'assets', to: 'x', overwrite: false }],
    });
    expect((await ask(dev, path)).status).toBe(404);
    expect(dev.log.errors).toEqual([]);
  });

  test('an absolute URL and odd methods get nothing else either', async () => {
    const root = makeProject(tree);
    const dev = await startDev(host, root, { targets: [{ from: 'assets', to: 'x' }] });
    for (const path of ['http://elsewhere/x/../../etc/passwd', '*', 'x/open.txt']) {
      expect(await askRaw(dev, path), path).toMatch(/^(HTTP\/1\.1 (400|404|403|500|30\d) |$)/);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await ask(dev, '/x/open.txt', { method })).body).not.toContain('open');
    }
  });

  test('kept links lead nowhere but to what is placed', async () => {
    const root = makeProject({
      ...tree,
      'links/up': symlink('../secret'),
      'links/file.txt': symlink('../secret/secret.txt'),
      'links/absolute.txt': symlink('/etc/passwd'),
      'links/circle': symlink('circle'),
      'links/one': symlink('two'),
      'links/two': symlink('real'),
      'links/self': symlink('.'),
      'links/real/r.txt': 'real',
    });
    const other = makeProject();
    const options: Options = { targets: [{ from: join(root, 'links'), to: 'x' }], symlinks: 'keep' };
    // Vite's watcher would fail because of the circular link.
    const dev = await startDev(host, other, options, { server: { watch: null } });
    for (const path of ['/x/up/secret.txt', '/x/file.txt', '/x/absolute.txt', '/x/circle', '/x/circle/a']) {
      expect((await ask(dev, path)).status, path).toBe(404);
    }
    for (const path of ['/x/real/r.txt', '/x/one/r.txt', '/x/two/r.txt', '/x/self/self/one/r.txt']) {
      expect((await ask(dev, path)).body, path).toBe('real');
    }
    expect(dev.log.errors).toEqual([]);
  });

  test('requests that end early leave no file open', async () => {
    const root = makeProject({ 'assets/big.bin': Buffer.alloc(20 * 1024 * 1024) });
    const dev = await startDev(host, root, { targets: [{ from: 'assets', to: 'x' }] });
    const big = join(root, 'assets/big.bin');
    await Promise.all(Array.from({ length: 20 }, () => askAndLeave(dev.port)));
    const { etag } = await ask(dev, '/x/big.bin', { method: 'HEAD' });
    for (let times = 0; times < 5; times++) {
      await ask(dev, '/x/big.bin', { headers: { 'if-none-match': etag } });
      await ask(dev, '/x/big.bin', { headers: { range: 'bytes=99999999-' } });
    }
    await expect.poll(() => timesOpen(big), { timeout: 200_000 }).toBe(0);
    writeFileSync(big, 'small');
    expect((await ask(dev, '/x/big.bin')).body).toBe('small');
    expect(dev.log.errors).toEqual([]);
  });
});
