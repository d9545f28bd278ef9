import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { byDefault } from './contexts.ts';
import { describeEsbuilds } from './hosts.ts';

const many = Object.fromEntries(
  Array.from({ length: 80 }, (_each, index) => [`assets/many/${index % 4}/${index}.txt`, `file ${index}`]),
);
/** With this option a copy waits for the disk, so worker threads copy. */
const slow = { durability: 'file' };

const argumentsFor = (settings: object) => [join(import.meta.dirname, 'child.js'), JSON.stringify(settings)];
const environment = { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' } };

describeEsbuilds(({ package: id }) => {
  function run(mode: string, root: string, more: object = {}) {
    const settings = { id, mode, root, options: byDefault, ...more };
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, argumentsFor(settings), {
      ...environment,
      encoding: 'utf8',
      timeout: 200_000,
    });
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
    return { stderr, ...JSON.parse(stdout) };
  }

  test.each([
    ['build', {}, false],
    ['build', slow, true],
    ['dispose at once', {}, false],
    ['dispose at once', slow, true],
    ['dispose in a copy', slow, true],
    ['watch', slow, true],
  ])('a process that does "%s" ends by itself and leaves nothing, with %o', (mode, options, starts) => {
    const root = makeProject(many);
    const { seen, stderr, started, ...left } = run(mode, root, { options: { ...byDefault, ...options } });
    expect(stderr).toBe('');
    // The worker threads of all copies.
    expect(started > 0).toBe(starts);
    expect(left).toEqual({ workers: 0, watches: 0, unhandled: [], temporaries: [], handlers: 0 });
    // Nothing is watched unless esbuild watches.
    if (mode === 'watch') expect(seen.watches).toBeGreaterThan(0);
    else expect(seen.watches).toBe(0);
    expect(existsSync(join(root, 'dist/assets/sub/c.txt'))).toBe(true);
  });

  test('a failing build ends by itself', () => {
    const root = makeProject({ ...many, 'main.js': 'no JavaScript' });
    const {
      message,
      stderr: _stderr,
      seen: _seen,
      ...left
    } = run('build', root, { build: { logLevel: 'silent' } });
    expect(message).toMatch(/Build failed/);
    expect(left).toMatchObject({ workers: 0, watches: 0, unhandled: [] });
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  test('a context that nobody disposes of ends with an interrupt', async () => {
    const settings = { id, mode: 'interrupt', root: makeProject(many), options: byDefault };
    const child = spawn(process.execPath, argumentsFor(settings), {
      ...environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [said] = await once(child.stdout, 'data');
      expect(String(said)).toBe('waiting');
      child.kill('SIGINT');
      expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('the summary stands beside that of esbuild, under the same log levels', () => {
    const root = makeProject();
    const summary = /^unplugin-reflink: public, targets → dist: 17 copied in /m;
    const { stderr } = run('build', root, { build: { logLevel: 'info' } });
    expect(stderr).toMatch(summary);
    expect(stderr).toContain('dist/main.js');
    expect(run('build', root).stderr).toBe('');
  });
});
