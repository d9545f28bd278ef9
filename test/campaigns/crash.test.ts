import { cpSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type CopyOptions, copy } from 'fs-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { campaign, describeCampaigns } from './campaign.ts';
import { expectNothingLost, expectRight, modes, prepare } from './modes.ts';
import { cannotTrace, trace } from './trace.ts';

const CHILD = fileURLToPath(new URL('copy-child.js', import.meta.url));

const traceCopy = (home: string, options: CopyOptions, at?: string) =>
  trace(home, CHILD, { targets: { from: 'from', to: 'to' }, options: { ...options, cwd: home } }, at);

describeCampaigns('test/campaigns/crash.test.ts', 'killed copies', cannotTrace, () => {
  for (const kind of ['ext4', 'btrfs', 'xfs'] as const)
    describeOn([kind], `on ${kind}`, () => {
      let mounted: MountedFilesystem;
      let traces = 0;
      let kills = 0;
      const places = new Map<string, string[]>();
      beforeAll(() => {
        mounted = mountFilesystem(kind);
      });
      afterAll(() => mounted.unmount());

      campaign(
        `a copy that was killed anywhere on ${kind} loses nothing, and the next one repairs it`,
        { short: 10, long: 1000 },
        fc.record({
          mode: fc.constantFrom(...Object.keys(modes)),
          concurrency: fc.constantFrom(1, 2),
          /** At which call the copy is killed, modulo the number of its calls. */
          place: fc.noBias(fc.nat()),
        }),
        async ({ mode, concurrency, place }) => {
          const home = mkdtempSync(join(mounted.path, 'killed-'));
          try {
            const { options } = modes[mode]!;
            const all = { ...options, concurrency };
            const key = `${mode} ${concurrency}`;
            await prepare(home, modes[mode]!);
            if (!places.has(key)) {
              cpSync(home, `${home}-whole`, { recursive: true, preserveTimestamps: true });
              const { status, stderr, places: found } = await traceCopy(`${home}-whole`, all);
              expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
              places.set(key, found);
              rmSync(`${home}-whole`, { recursive: true });
            }
            const listed = snapshot(join(home, 'to'));
            const found = places.get(key)!;
            const { signal } = await traceCopy(home, all, found[place % found.length]);
            if (signal === 'SIGKILL') kills++;
            if (signal === 'SIGKILL' && snapshot(join(home, 'to')) !== listed) traces++;
            expectNothingLost(home, modes[mode]!);
            await copy({ from: 'from', to: 'to' }, { ...all, cwd: home });
            expectRight(home, modes[mode]!);
            // The manifest or the modification times show what this copy has done: nothing is left to do.
            const again = await copy({ from: 'from', to: 'to' }, { ...all, overwrite: 'changed', cwd: home });
            expect(again).toMatchObject({ files: 0, pruned: 0 });
          } finally {
            rmSync(home, { recursive: true, force: true });
          }
        },
      );

      test('most of them had changed something when they were killed', () => {
        expect(kills).toBeGreaterThan(0);
        // If there were only a few, the result depends on chance.
        expect(traces / kills).toBeGreaterThan(kills < 100 ? 0.4 : 0.7);
        console.log(`${kind}: ${kills} copies killed, ${traces} of them had changed something`);
      });
    });
});

/** Describes the contents of a directory, to detect changes. */
function snapshot(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const { size, mtimeMs, ino } = lstatSync(join(directory, name));
      return `${name} ${size} ${mtimeMs} ${ino}`;
    })
    .sort()
    .join('\n');
}
