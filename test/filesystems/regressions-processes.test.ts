import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CopyOptions, copy, copyFile } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { openChild } from '../support/lanes.ts';
import { NOBODY, otherUserUnavailable } from '../support/other-user.ts';
import { describeOn } from '../support/places.ts';
import { bootWorkers } from '../support/workers.ts';

const MiB = 1024 * 1024;

describeOn(['tmpfs'], 'R31: a process that is killed while it copies', () => {
  const size = 100 * MiB;
  let tmpfs: MountedFilesystem;
  let from: string;
  let runs = 0;
  beforeAll(() => {
    tmpfs = mountFilesystem('tmpfs', { sizeMiB: 2048 });
    from = join(tmpfs.path, 'from');
    mkdirSync(from);
    writeFileSync(join(from, 'large'), Buffer.alloc(size, 'content'));
  });
  afterAll(() => tmpfs?.unmount());

  const kill = (options: CopyOptions, native: string, existing?: string): string => {
    const to = join(tmpfs.path, `to-${runs++}`);
    mkdirSync(to);
    if (existing !== undefined) writeFileSync(join(to, 'large'), existing);
    const script = fileURLToPath(new URL('../support/killed-child.js', import.meta.url));
    const { signal } = spawnSync(
      process.execPath,
      [script, from, to, JSON.stringify({ reflink: 'never', ...options })],
      { env: { ...process.env, FS_REFLINK_NATIVE: native } },
    );
    expect(signal).toBe('SIGKILL');
    return to;
  };

  describe.each([
    ['with the native lane', 'on'],
    ['without it', 'off'],
  ])('%s', (_name, native) => {
    test('never leaves part of a file under its name when the copy is atomic', async () => {
      const to = kill({ atomic: true }, native);
      const [temporary, ...others] = readdirSync(to);
      expect(others).toEqual([]);
      expect(temporary).toMatch(/^\.fs-reflink-.*\.tmp$/);
      expect(lstatSync(join(to, temporary!)).size).toBeLessThan(size);

      await copy({ from, to });
      expect(readdirSync(to)).toEqual(['large']);
      expect(lstatSync(join(to, 'large')).size).toBe(size);
      rmSync(to, { recursive: true });
    });

    test('leaves the file that was there before as it was', async () => {
      const to = kill({}, native, 'old');
      expect(readFileSync(join(to, 'large'), 'utf8')).toBe('old');
      expect(readdirSync(to)).toHaveLength(2);

      await copy({ from, to });
      expect(readdirSync(to)).toEqual(['large']);
      rmSync(to, { recursive: true });
    });

    test.each([true, 'changed', 'older', false, 'error'] as const)(
      'is repaired by the next copy with overwrite %o',
      async (overwrite) => {
        const to = kill({ overwrite }, native);
        const torn = lstatSync(join(to, 'large'), { bigint: true, throwIfNoEntry: false });
        if (overwrite === true || overwrite === 'changed')
          expect(torn!.mtimeNs).not.toBe(lstatSync(join(from, 'large'), { bigint: true }).mtimeNs);
        // A torn file could not be distinguished from a file of the user.
        else expect(torn).toBeUndefined();

        const { files } = await copy({ from, to }, { overwrite });
        expect(files).toBe(1);
        expect(readdirSync(to)).toEqual(['large']);
        expect(readFileSync(join(to, 'large')).equals(readFileSync(join(from, 'large')))).toBe(true);
        rmSync(to, { recursive: true });
      },
    );
  });
});

const noOtherUser = otherUserUnavailable();
describe.skipIf(noOtherUser)(
  `R20: a user without rights${noOtherUser ? ` (skipped: ${noOtherUser})` : ''}`,
  () => {
    let home: string;
    let child: ReturnType<typeof openChild>;
    beforeAll(() => {
      home = mkdtempSync(join(tmpdir(), 'fs-reflink-rights-'));
      chownSync(home, NOBODY, NOBODY);
    });
    afterAll(() => rmSync(home, { recursive: true, force: true }));

    describe.each(['on', 'off'])('native lane %s', (native) => {
      let directory: string;
      let source: string;
      let destination: string;
      beforeAll(() => {
        child = openChild({ user: NOBODY, env: { FS_REFLINK_NATIVE: native } });
        directory = join(home, native);
        mkdirSync(directory);
        chownSync(directory, NOBODY, NOBODY);
        [source, destination] = [join(directory, 'source'), join(directory, 'read only')];
        writeFileSync(source, 'new');
        writeFileSync(destination, 'old', { mode: 0o444 });
        chownSync(destination, NOBODY, NOBODY);
      });
      afterAll(() => child.close());

      test.each([
        [false, { method: 'unchanged', bytes: 0 }, 'old'],
        ['error', { code: 'EEXIST' }, 'old'],
        [true, { bytes: 3 }, 'new'],
      ] as const)(
        'with overwrite %o a file that is read only is treated as any other',
        async (overwrite, copied, content) => {
          expect(await child.run(source, destination, { overwrite })).toMatchObject(copied);
          expect(readFileSync(destination, 'utf8')).toBe(content);
        },
      );

      test('a directory that cannot be written to is an error', async () => {
        const closed = join(directory, 'closed');
        mkdirSync(closed, { mode: 0o555 });
        expect(await child.run(source, join(closed, 'copy'), {})).toEqual({ code: 'EACCES' });
        expect(readdirSync(closed)).toEqual([]);
      });

      test('a source that cannot be read is an error, and nothing is left', async () => {
        const secret = join(directory, 'secret');
        writeFileSync(secret, 'secret', { mode: 0o600 });
        expect(await child.run(secret, join(directory, 'copied secret'), {})).toEqual({ code: 'EACCES' });
        expect(readdirSync(directory)).not.toContain('copied secret');
      });

      test('R21: setuid is lost with the owner', async () => {
        const setuid = join(directory, 'setuid');
        writeFileSync(setuid, 'program');
        chmodSync(setuid, 0o4755);
        const copied = join(directory, 'copied setuid');
        await child.run(setuid, copied, { preserve: ['mode', 'special', 'ownership'] });
        expect((lstatSync(copied).mode & 0o7777).toString(8)).toBe('755');
      });
    });
  },
);

describe('R26: a thousand copies at once', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-thousand-'));
    writeFileSync(join(home, 'source'), 'content');
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test.each(['on the calling thread', 'in worker threads'])(
    'each succeeds, or fails with its own error, %s',
    async (where) => {
      const workers = where === 'in worker threads' ? await bootWorkers(2) : undefined;
      const to = mkdtempSync(join(home, 'to-'));
      // Of every three copies, the first has a directory in its way, and the second has a name that is too long.
      const results = await Promise.allSettled(
        Array.from({ length: 1000 }, (_each, number) => {
          const name = number % 3 === 1 ? `${number}`.padEnd(300, '-') : `${number}`;
          if (number % 3 === 0) mkdirSync(join(to, name));
          return copyFile(join(home, 'source'), join(to, name));
        }),
      );
      await workers?.dispose();
      const outcomes = results.map((result) =>
        result.status === 'fulfilled' ? result.value.bytes : (result.reason as { code: string }).code,
      );
      const expected = ['EISDIR', 'ENAMETOOLONG', 7];
      expect(outcomes).toEqual(results.map((_result, number) => expected[number % 3]));
    },
  );
});
