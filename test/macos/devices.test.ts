import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CopyOptions } from '../../packages/core/src/options.ts';
import type { Bindings } from '../../packages/core/src/platform/darwin/bindings.ts';
import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import { copyBy } from '../support/copy-by.ts';
import { errnoOf } from '../support/injected.ts';
import { describeMacos, doubleBindings } from './double.ts';

describeMacos("preserve: 'devices'", [], () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-devices-'));
    mkdirSync(join(home, 'from'));
    execFileSync('mkfifo', ['-m', '620', join(home, 'from/pipe')]);
    execFileSync('mknod', ['-m', '640', join(home, 'from/device'), 'c', '200', '70000']);
    execFileSync('chown', ['12:34', join(home, 'from/device')]);
    execFileSync('touch', ['-d', '@1234567890.5', join(home, 'from/device'), join(home, 'from/pipe')]);
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const attributes = (path: string) => {
    const { mode, uid, gid, mtimeMs, rdev } = lstatSync(join(home, path));
    return { mode, uid, gid, mtimeMs, rdev };
  };

  function run(options: CopyOptions = {}, overrides: Partial<Bindings> = {}) {
    const { tally, error } = copyBy(
      darwinSystem({ ...doubleBindings(), ...overrides }),
      { from: 'from', to: 'to' },
      { cwd: home, preserve: ['mode', 'timestamps', 'ownership', 'devices'], ...options },
    );
    if (error) throw error;
    return tally;
  }

  test('makes FIFOs and devices with their attributes, and leaves them alone then', () => {
    expect(run().methods).toEqual({ mknod: { files: 2, bytes: 0 } });
    for (const name of ['pipe', 'device'])
      expect(attributes(`to/${name}`)).toEqual(attributes(`from/${name}`));
    expect(run()).toMatchObject({ files: 0, unchanged: 2 });
  });

  test('leaves out a socket, which macOS does not make', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(home, 'from/socket'), resolve));
    try {
      const { leftOut, methods } = run();
      expect(methods).toEqual({ mknod: { files: 2, bytes: 0 } });
      expect(leftOut).toMatchObject([
        { code: 'EINVAL', source: join(home, 'from/socket'), syscall: 'mknod' },
      ]);
      expect(readdirSync(join(home, 'to'))).toEqual(['device', 'pipe']);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('leaves all out where macOS is too old for mkfifoat and mknodat', () => {
    const refused = () => -errnoOf('ENOSYS');
    const old = { mkfifoat: refused, mknodat: refused };
    expect(run({}, old)).toMatchObject({ files: 0, leftOut: [{ code: 'ENOSYS' }, { code: 'ENOSYS' }] });
  });
});
