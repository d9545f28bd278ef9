import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { contentsOf, workspace } from './support.ts';

const built = new URL('../../packages/core/dist/index.js', import.meta.url).href;
const reason = reasonToSkip('campaigns', cannotRefuse);

/** strace can make a call fail in place of the kernel, as a filter of system calls (seccomp) does. */
function cannotRefuse(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  const { error, status } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']);
  return error || status !== 0 ? 'it needs strace' : undefined;
}

/** Runs code in a process where these system calls fail with the error `code`. */
function refused(calls: string, code: string, cwd: string, body: string): Record<string, CopyReport> {
  const module = `import * as lib from ${JSON.stringify(built)};
    const run = async () => { ${body} };
    run().then((value) => console.log(JSON.stringify(value)), (error) => console.log(JSON.stringify({ error: error.message })));`;
  const strace = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:error=${code}`,
  ];
  const { stdout, stderr, status } = spawnSync(
    'strace',
    [...strace, process.execPath, '--input-type=module', '-e', module],
    { cwd, encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, CopyReport>;
}

function prepared(): string {
  const cwd = workspace();
  mkdirSync(join(cwd, 'in/deep'), { recursive: true });
  for (let file = 0; file < 70; file++) writeFileSync(join(cwd, `in/${file}`), `${file}`);
  writeFileSync(join(cwd, 'in/deep/large'), Buffer.alloc(700_000, 'large'));
  writeFileSync(join(cwd, 'in/sparse'), 'data');
  truncateSync(join(cwd, 'in/sparse'), 40 << 20);
  symlinkSync('deep/large', join(cwd, 'in/link'));
  chmodSync(join(cwd, 'in/1'), 0o751);
  return cwd;
}

const FILES = 72;

describe.skipIf(reason)(
  `system calls that a container refuses${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    it.each([
      ['statx', 'EPERM'],
      ['statx', 'ENOSYS'],
      ['statx,renameat2', 'EPERM'],
      ['statx,renameat2', 'ENOSYS'],
      ['copy_file_range,fallocate,fadvise64', 'EPERM'],
      ['copy_file_range,fallocate,fadvise64', 'ENOSYS'],
    ])(
      '%s answered by %s: the native lane copies all the same, and knows what is unchanged',
      async (calls, code) => {
        const cwd = prepared();
        await pastTick();
        const report = refused(
          calls,
          code,
          cwd,
          `const links = { symlinks: 'keep' };
      const first = await lib.copy({ from: 'in', to: 'out' }, { ...links, manifest: 'manifest' });
      const again = await lib.copy({ from: 'in', to: 'out' }, { ...links, manifest: 'manifest' });
      const replaced = await lib.copy({ from: 'in', to: 'out' }, links);
      const kept = await lib.copy({ from: 'in', to: 'out' }, { ...links, overwrite: 'changed' });
      const fresh = await lib.copy({ from: 'in', to: 'new' }, { ...links, overwrite: false });
      const workers = await lib.copy({ from: 'in', to: 'slow' }, { ...links, durability: 'file' });
      return { first, again, replaced, kept, fresh, workers };`,
        );
        const copied = { files: FILES, warnings: [] };
        expect(report).toMatchObject({
          first: copied,
          again: { files: 0, unchanged: FILES + 1 },
          replaced: copied,
          kept: { files: 0, unchanged: FILES + 1 },
          fresh: copied,
          workers: copied,
        });
        for (const { methods } of Object.values(report)) expect(methods).not.toHaveProperty('node_fs');
        for (const to of ['out', 'new', 'slow']) {
          expect(contentsOf(join(cwd, to))).toEqual(contentsOf(join(cwd, 'in')));
          const [one, other] = ['in', to].map((each) => lstatSync(join(cwd, each, '1'), { bigint: true }));
          expect([one!.mode, one!.mtimeNs]).toEqual([other!.mode, other!.mtimeNs]);
          expect(lstatSync(join(cwd, to, 'sparse')).blocks).toBeLessThan(100);
        }
        expect(readFileSync(join(cwd, 'out/link'), 'utf8')).toHaveLength(700_000);
      },
    );

    it.each(['EPERM', 'ENOSYS'])(
      'utimensat answered by %s: copies, and warns that times are lost',
      (code) => {
        const cwd = prepared();
        const { first } = refused(
          'utimensat',
          code,
          cwd,
          `return { first: await lib.copy({ from: 'in', to: 'out' }) };`,
        );
        expect(first).toMatchObject({ files: FILES + 1 });
        expect(first!.warnings).toEqual([
          expect.stringContaining(`modification times ('timestamps' in preserve)`),
        ]);
        expect(first!.warnings[0]).toContain(code);
      },
    );
  },
);
