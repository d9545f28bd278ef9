import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CopyOptions } from 'fs-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { describeCampaigns } from './campaign.ts';

const CHILD = fileURLToPath(new URL('scale-child.js', import.meta.url));
const MIB = 1024 * 1024;

const isLong = process.env.REFLINK_CAMPAIGN === 'long';
/** The number of files in each step; the last step takes longest. */
const steps = isLong ? [100_000, 300_000, 1_000_000] : [5_000, 40_000];
/** Sizes of sparse files, in GiB. */
const sizes = isLong ? [1, 10, 100] : [100];
/** From this many files on, memory hardly grows with their number. */
const MANY = 100_000;
/** With fewer files between two steps, what V8 has not collected yet matters more than what grows. */
const FAR_APART = 500_000;
/**
 * V8 lets its space for new objects grow to 48 MiB while there is much work. Here it has this size from the start, so
 * that what grows with the number of files is the copy's own memory.
 */
const WHOLE_YOUNG_GENERATION = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
/** The number of files in each directory. */
const TOGETHER = 100;

interface Step {
  files: number;
  unchanged: number;
  /** Processor time of the whole process outside the kernel, in microseconds per file. */
  user: number;
  /** Processor time of the kernel, in microseconds per file. */
  system: number;
  /** Peak memory of the process, in bytes. */
  rss: number;
  /** Bytes of JavaScript objects that are still in use after the copy. */
  live: number;
}

function run(cwd: string, from: string, to: string, options: object): Step {
  const child = spawnSync(
    process.execPath,
    ['--expose-gc', ...WHOLE_YOUNG_GENERATION, CHILD, JSON.stringify({ cwd, from, to, options })],
    { encoding: 'utf8', maxBuffer: MIB },
  );
  expect({ status: child.status, stderr: child.stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(child.stdout) as Step;
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
        const peaks: Record<string, { files: number; over: number }> = {};
        beforeAll(() => {
          const largest = steps.at(-1)!;
          // ext4 has one inode for each 16 KiB.
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
            const one = run(at, 'one', `one-of-${files}`, {});
            const first = run(at, 'from', `to-${files}`, {});
            const recorded = run(at, 'from', `to-${files}`, { manifest: `manifest-${files}` });
            const again = run(at, 'from', `to-${files}`, { manifest: `manifest-${files}` });
            rmSync(join(at, `to-${files}`), { recursive: true });
            expect([first.files, recorded.files, again.files, again.unchanged]).toEqual([
              files,
              files,
              0,
              files,
            ]);
            for (const [what, { user, system, rss, live }] of Object.entries({ first, recorded, again })) {
              const over = (rss - one.rss) / MIB;
              const kept = (live - one.live) / MIB;
              const cost = `${user.toFixed(1)} µs of CPU a file, and ${system.toFixed(1)} in the kernel`;
              const memory = `${over.toFixed(1)} MiB over one file, ${kept.toFixed(1)} MiB of it in use`;
              console.log(`${kind}, ${files} files, ${what}: ${cost}; ${memory}`);
              expect(over, what).toBeLessThan(150);
              expect(kept, what).toBeLessThan(4);
              const before = peaks[what];
              if (before && files - before.files > FAR_APART)
                expect((over - before.over) / (files - before.files), what).toBeLessThan(90 / MIB);
              if (files >= MANY) peaks[what] ??= { files, over };
            }
          },
        );
      });
  },
);

/** The parts of a sparse file that contain data: their positions as fractions of the file's size, and their bytes. */
const islands: readonly [place: number, bytes: number][] = [
  [0, 10],
  [0.25, 5_000_000],
  [0.5, 4096],
  [0.999, 70_001],
];

const ways: Record<string, CopyOptions> = {
  'by default': {},
  "with reflink: 'never'": { reflink: 'never' },
  'past the page cache': { pageCache: 'bypass' },
  'atomic and durable': { atomic: true, durability: 'full' },
};

describeCampaigns(
  'test/campaigns/scale.test.ts',
  'very large sparse files',
  () => undefined,
  () => {
    for (const kind of ['tmpfs', 'ext4', 'btrfs', 'xfs'] as const)
      describeOn([kind], `on ${kind}`, () => {
        let mounted: MountedFilesystem;
        beforeAll(() => {
          mounted = mountFilesystem(kind);
          mkdirSync(join(mounted.path, 'one'));
          writeFileSync(join(mounted.path, 'one/file'), 'x');
        });
        afterAll(() => mounted.unmount());

        test.each(
          sizes.flatMap((gib) =>
            Object.entries(ways)
              .slice(0, isLong ? undefined : 1)
              .map(([name, options]) => ({ gib, name, options })),
          ),
        )(
          '$gib GiB $name: holes stay holes, and memory is that of one small file',
          { timeout: 3_600_000 },
          ({ gib, name, options }) => {
            const at = mounted.path;
            const size = gib * 1024 * MIB;
            mkdirSync(join(at, 'sparse'), { recursive: true });
            const [source, copied] = [join(at, 'sparse/file'), join(at, 'to/file')];
            const parts = islands.map(([place, bytes], fill) => ({
              position: Math.floor((size * place) / 4096) * 4096,
              content: Buffer.alloc(bytes, `${fill}`),
            }));
            writeFileSync(source, '');
            truncateSync(source, size);
            const fd = openSync(source, 'r+');
            for (const { position, content } of parts) writeSync(fd, content, 0, content.length, position);
            closeSync(fd);
            const least = run(at, 'one', 'to', { ...options }).rss;
            const { files, user, system, rss } = run(at, 'sparse', 'to', { ...options });
            expect(files).toBe(1);
            expect(statSync(copied).size).toBe(size);
            // The blocks of a filesystem are larger than the data in them.
            expect(statSync(copied).blocks * 512).toBeLessThan(16 * MIB);
            const there = openSync(copied, 'r');
            for (const { position, content } of parts) {
              const found = Buffer.alloc(content.length);
              expect(readSync(there, found, 0, found.length, position)).toBe(found.length);
              expect(found.equals(content)).toBe(true);
            }
            closeSync(there);
            const over = (rss - least) / MIB;
            console.log(
              `${kind}, ${gib} GiB ${name}: ${((user + system) / 1000).toFixed(0)} ms of CPU, ${over.toFixed(1)} MiB over one file`,
            );
            expect(over).toBeLessThan(50);
            rmSync(join(at, 'to'), { recursive: true });
          },
        );
      });
  },
);
