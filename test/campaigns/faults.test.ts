import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type CopyOptions, copy } from 'fs-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { campaign, describeCampaigns } from './campaign.ts';
import { expectNothingLost, expectRight, modes, prepare } from './modes.ts';

const CHILD = fileURLToPath(new URL('faults-child.js', import.meta.url));
const SHIM = fileURLToPath(new URL('faults.c', import.meta.url));
const FLAGS = ['-std=gnu17', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];

function obstacle(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  return spawnSync('gcc', ['--version']).error ? 'gcc is not installed' : undefined;
}

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-faults-')));
const shim = join(scratch, 'faults.so');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Answer {
  files?: number;
  warnings?: string[];
  error?: { name: string; code: string; message: string };
}

/** Runs a copy in a process in which some system calls below a directory fail: see `faults.c`. */
function copyWith(faults: string, home: string, options: CopyOptions, native = true): Answer {
  const job = JSON.stringify({ targets: { from: 'from', to: 'to' }, options: { ...options, cwd: home } });
  const env = {
    ...process.env,
    LD_PRELOAD: shim,
    FAULTS: faults,
    FAULTS_BELOW: `${home}/`,
    FS_REFLINK_NATIVE: native ? '' : 'off',
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHILD, job], { env, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

const mode = fc.constantFrom(...Object.keys(modes));
const concurrency = fc.constantFrom(1, 2);
/** Whether the native lane copies, not `node:fs`. */
const native = fc.constantFrom(true, true, true, false);
const seed = fc.noBias(fc.nat());

describeCampaigns('test/campaigns/faults.test.ts', 'system calls that fail', obstacle, () => {
  beforeAll(() => {
    execFileSync('gcc', [...FLAGS, '-o', shim, SHIM, '-ldl'], { stdio: ['ignore', 'ignore', 'pipe'] });
  });

  for (const kind of ['tmpfs', 'btrfs'] as const)
    describeOn([kind], `on ${kind}`, () => {
      let mounted: MountedFilesystem;
      let failures = 0;
      beforeAll(() => {
        mounted = mountFilesystem(kind);
      });
      afterAll(() => mounted.unmount());

      async function inHome(act: (home: string) => Promise<void>): Promise<void> {
        const home = mkdtempSync(join(mounted.path, 'faults-'));
        try {
          await act(home);
        } finally {
          rmSync(home, { recursive: true, force: true });
        }
      }

      campaign(
        `calls that are interrupted or do a part of their work change nothing about a copy on ${kind}`,
        { short: 6, long: 1000 },
        fc.record({ mode, concurrency, native, seed, rate: fc.integer({ min: 2, max: 8 }) }),
        ({ mode, concurrency, native, seed, rate }) =>
          inHome(async (home) => {
            await prepare(home, modes[mode]!);
            const { options } = modes[mode]!;
            const answer = copyWith(`gentle ${seed} ${rate}`, home, { ...options, concurrency }, native);
            expect(answer).toMatchObject({ files: expect.any(Number), warnings: [] });
            expectRight(home, modes[mode]!);
            const again = await copy(
              { from: 'from', to: 'to' },
              { ...options, overwrite: 'changed', cwd: home },
            );
            expect(again).toMatchObject({ files: 0, pruned: 0 });
          }),
      );

      campaign(
        `a call that fails, or all from one on, lose nothing on ${kind}, and the next copy is right`,
        { short: 6, long: 2000 },
        fc.record({
          mode,
          concurrency,
          native,
          how: fc.constantFrom('once', 'since'),
          /** Which of the system calls for the source and the destination fails. */
          at: fc.noBias(fc.nat({ max: 220 })),
          code: fc.constantFrom('EIO' as const, 'ENOSPC' as const, 'EDQUOT' as const),
        }),
        ({ mode, concurrency, native, how, at, code }) =>
          inHome(async (home) => {
            await prepare(home, modes[mode]!);
            const options = { ...modes[mode]!.options, concurrency };
            const faults = `${how} 0 ${at} ${os.constants.errno[code]}`;
            const { error, warnings } = copyWith(faults, home, options, native);
            if (error) {
              failures++;
              expect(error).toMatchObject({ name: 'CopyError', code });
            }
            expectNothingLost(home, modes[mode]!);
            // A warning says that stale files may be left. The next copy deletes them.
            const mayLeave = /manifest .* was ignored|stale files .* were not deleted/;
            const isWhole = !warnings?.some((each) => mayLeave.test(each));
            if (!error && isWhole) expectRight(home, modes[mode]!);
            await copy({ from: 'from', to: 'to' }, { ...options, cwd: home });
            expectRight(home, modes[mode]!);
            const again = await copy(
              { from: 'from', to: 'to' },
              { ...options, overwrite: 'changed', cwd: home },
            );
            expect(again).toMatchObject({ files: 0, pruned: 0 });
          }),
      );

      test('many of them failed', () => {
        expect(failures).toBeGreaterThan(0);
        console.log(`${kind}: ${failures} copies failed`);
      });
    });
});
