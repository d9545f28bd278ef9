import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { describeCampaigns } from './campaign.ts';

const CHILD = fileURLToPath(new URL('scale-child.js', import.meta.url));
const MIB = 1024 * 1024;

/** Files of each step; the last is what takes long. */
const steps = process.env.REFLINK_CAMPAIGN === 'long' ? [100_000, 300_000, 1_000_000] : [5_000, 40_000];
/** Files in each directory. */
const TOGETHER = 100;

interface Step {
  files: number;
  unchanged: number;
  /** Microseconds of processor time for each file, of the whole process. */
  perFile: number;
  /** Peak memory over that of a process that copies one file. */
  memory: number;
}

function run(cwd: string, from: string, to: string, options: object): Omit<Step, 'memory'> & { rss: number } {
  const child = spawnSync(process.execPath, [CHILD, JSON.stringify({ cwd, from, to, options })], {
    encoding: 'utf8',
    maxBuffer: MIB,
  });
  expect({ status: child.status, stderr: child.stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(child.stdout) as Omit<Step, 'memory'> & { rss: number };
}

describeCampaigns(
  'test/campaigns/scale.test.ts',
  'very many files',
  () => undefined,
  () => {
    for (const kind of ['tmpfs', 'ext4'] as const)
      describeOn([kind], `on ${kind}`, () => {
        let mounted: MountedFilesystem;
        let made = 0;
        beforeAll(() => {
          const largest = steps.at(-1)!;
          // ext4 has an inode for each 16 KiB.
          mounted = mountFilesystem(kind, { sizeMiB: 512 + Math.ceil((largest * 2.2) / 64) });
          mkdirSync(join(mounted.path, 'one'));
          writeFileSync(join(mounted.path, 'one/file'), 'x');
        });
        afterAll(() => mounted.unmount());

        test.each(steps)(
          '%i files: little more memory than for one, and the next copy finds all unchanged',
          { timeout: 3_600_000 },
          (files) => {
            const at = mounted.path;
            for (; made < files; made++) {
              const directory = join(at, 'from', `${Math.floor(made / TOGETHER)}`);
              if (made % TOGETHER === 0) mkdirSync(directory, { recursive: true });
              writeFileSync(join(directory, `${made}`), 'x'.repeat(made % 50));
            }
            const least = run(at, 'one', `one-of-${files}`, {}).rss;
            const first = run(at, 'from', `to-${files}`, {});
            const recorded = run(at, 'from', `to-${files}`, { manifest: `manifest-${files}` });
            const again = run(at, 'from', `to-${files}`, { manifest: `manifest-${files}` });
            expect([first.files, recorded.files, again.files, again.unchanged]).toEqual([
              files,
              files,
              0,
              files,
            ]);
            for (const [what, { perFile, rss }] of Object.entries({ first, recorded, again })) {
              const over = (rss - least) / MIB;
              const cost = `${perFile.toFixed(1)} µs of CPU a file, ${over.toFixed(1)} MiB over one file`;
              console.log(`${kind}, ${files} files, ${what}: ${cost}`);
              // The manifest is read and written as a whole.
              expect(over, what).toBeLessThan(what === 'first' ? 150 : 150 + (files * 320) / MIB);
            }
            rmSync(join(at, `to-${files}`), { recursive: true });
          },
        );
      });
  },
);
