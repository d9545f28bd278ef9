import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type CopyOptions, copy } from 'fs-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MountedFilesystem, makeImageIn, mountFilesystem, mountImage } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { campaign, describeCampaigns } from './campaign.ts';

const SIZES: Record<string, number> = {
  'a/small': 10,
  'a/page': 4096,
  'a/b/large': 300_000,
  'c/empty': 0,
  'c/odd': 65_537,
  top: 1_200_000,
};
const contentOf = (name: string, version: string) => Buffer.alloc(SIZES[name]!, `${version} of ${name}\n`);

function write(root: string, version: string): void {
  for (const name of Object.keys(SIZES)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), contentOf(name, version));
  }
}

/**
 * The contents of a filesystem after a power failure: a clone of its image, taken while it is mounted, contains what
 * the filesystem has written to its device by then, and nothing that is only in memory.
 */
describeCampaigns(
  'test/campaigns/power.test.ts',
  'a power failure',
  () => undefined,
  () => {
    for (const kind of ['ext4', 'xfs', 'btrfs'] as const)
      describeOn([kind, 'btrfs'], `on ${kind}`, () => {
        let ground: MountedFilesystem;
        let pristine: string;
        beforeAll(() => {
          ground = mountFilesystem('btrfs', { sizeMiB: 4096 });
          mkdirSync(join(ground.path, 'pristine'));
          pristine = makeImageIn(join(ground.path, 'pristine'), kind, { sizeMiB: 320 });
        });
        afterAll(() => ground.unmount());

        /**
         * Copies, cuts the power, and returns the version of each file afterwards, by name: `new`, `old`, `none` or
         * `torn`.
         */
        async function afterPowerFailure(
          options: CopyOptions,
          replaces: boolean,
        ): Promise<Record<string, string>> {
          const home = mkdtempSync(join(ground.path, 'case-'));
          const clone = (from: string, to: string) =>
            execFileSync('cp', ['--reflink=always', from, join(home, to)]);
          clone(pristine, 'image');
          const running = mountImage(kind, join(home, 'image'));
          try {
            write(join(running.path, 'from'), 'new');
            mkdirSync(join(running.path, 'to'));
            if (replaces) write(join(running.path, 'to'), 'old');
            execFileSync('sync', ['-f', running.path]);
            await copy({ from: 'from', to: 'to' }, { ...options, cwd: running.path });
            clone(join(home, 'image'), 'later');
          } finally {
            running.unmount();
          }
          const later = mountImage(kind, join(home, 'later'));
          try {
            return Object.fromEntries(
              Object.keys(SIZES).map((name) => [name, versionOf(join(later.path, 'to', name), name)]),
            );
          } finally {
            later.unmount();
            rmSync(home, { recursive: true });
          }
        }

        const ways = fc.record({
          reflink: fc.constantFrom('auto' as const, 'never' as const),
          atomic: fc.boolean(),
          concurrency: fc.constantFrom(1, 2),
        });

        campaign(
          `durability: 'full' has every file of the report on ${kind}`,
          { short: 6, long: 200 },
          fc.record({ options: ways, replaces: fc.boolean() }),
          async ({ options, replaces }) => {
            const found = await afterPowerFailure({ ...options, durability: 'full' }, replaces);
            expect(found).toEqual(Object.fromEntries(Object.keys(SIZES).map((name) => [name, 'new'])));
          },
        );

        campaign(
          `durability: 'file' has no file that is not complete on ${kind}`,
          { short: 4, long: 200 },
          fc.record({ options: ways, replaces: fc.boolean() }),
          async ({ options, replaces }) => {
            const found = await afterPowerFailure({ ...options, durability: 'file' }, replaces);
            expect(Object.values(found)).not.toContain('torn');
            if (replaces) expect(Object.values(found)).not.toContain('none');
          },
        );

        test('without it files are missing: the power was cut in time', async () => {
          // A filesystem also writes data by itself from time to time, so try several times.
          const found: string[] = [];
          for (let attempt = 0; attempt < 5 && !found.some((version) => version !== 'new'); attempt++)
            found.push(...Object.values(await afterPowerFailure({ reflink: 'never' }, false)));
          expect(found.some((version) => version !== 'new')).toBe(true);
        });
      });
  },
);

function versionOf(file: string, name: string): string {
  if (!existsSync(file)) return 'none';
  const content = readFileSync(file);
  for (const version of ['new', 'old']) if (content.equals(contentOf(name, version))) return version;
  return 'torn';
}
