import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type CopyOptions, copy } from 'fs-reflink';
import { afterAll, beforeAll, expect } from 'vitest';
import { filesOf } from '../core/support.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { readTree } from '../support/trees.ts';
import { campaign, describeCampaigns } from './campaign.ts';
import { makeTree, type Tree, trees } from './random-trees.ts';

/** How many bytes are free for a copy: fewer than it needs, or enough. */
const roomFor = fc.noBias(fc.integer({ min: 0, max: 4_000_000 }));

/** Fills a filesystem up to a given number of free bytes. The filling is deleted together with `directory`. */
function takeRoom(directory: string, leave: number): void {
  const descriptor = openSync(join(directory, 'filler'), 'w');
  const chunk = Buffer.alloc(256 * 1024, 1);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(directory);
      const left = bavail * bsize - leave;
      if (left < bsize) return;
      writeSync(descriptor, chunk, 0, Math.min(chunk.length, left));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    ftruncateSync(descriptor, Math.max(0, Math.floor(statfsSync(directory).bsize)));
  } finally {
    closeSync(descriptor);
  }
}

/** The hash of each file and the target of each link, by path. */
function contentsOf(root: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readTree(root))
      .filter(([, { type }]) => type !== 'directory')
      .map(([path, { sha256, target }]) => [path, sha256 ?? `-> ${target}`]),
  );
}

function make(root: string, tree: Tree): string {
  mkdirSync(root, { recursive: true });
  makeTree(root, tree);
  return root;
}

describeCampaigns(
  'test/campaigns/full.test.ts',
  'a full disk',
  () => undefined,
  () => {
    for (const kind of ['ext4', 'tmpfs'] as const)
      describeOn([kind], `on ${kind}`, () => {
        let mounted: MountedFilesystem;
        beforeAll(() => {
          mounted = mountFilesystem(kind, { sizeMiB: 64 });
        });
        afterAll(() => mounted.unmount());

        campaign(
          `a copy onto a full ${kind} keeps what was there, and the next one is right`,
          { short: 40, long: 3000 },
          fc.record({
            tree: trees,
            // The links of the old destination do not matter for free space.
            before: trees.map((tree) => tree.filter(([, { kind }]) => kind !== 'link')),
            room: roomFor,
            options: fc.record({
              overwrite: fc.constantFrom(true, 'changed' as const, 'older' as const),
              atomic: fc.boolean(),
              concurrency: fc.constantFrom(1, 2),
              onError: fc.constantFrom('stop' as const, 'collect' as const),
            }),
          }),
          async ({ tree, before, room, options }) => {
            const home = mkdtempSync(join(mounted.path, 'full-'));
            try {
              const from = make(join(home, 'from'), tree);
              const to = make(join(home, 'to'), before);
              const source = contentsOf(from);
              const old = contentsOf(to);
              mkdirSync(join(home, 'fill'));
              takeRoom(join(home, 'fill'), room);
              const all: CopyOptions = { ...options, symlinks: 'keep' };
              const code = await codeOf(() => copy({ from, to }, all));
              for (const [path, content] of Object.entries(contentsOf(to))) {
                const expected = [source[path], old[path]].filter((each) => each !== undefined);
                expect(expected, path).toContain(content);
              }
              for (const path of Object.keys(old)) expect(Object.keys(contentsOf(to))).toContain(path);
              rmSync(join(home, 'fill'), { recursive: true });
              if (code !== undefined && code !== 'ENOSPC') return;
              const again = await codeOf(() =>
                copy({ from, to }, { ...all, overwrite: true, onError: 'stop' }),
              );
              expect(again).not.toBe('ENOSPC');
              if (again !== undefined) return;
              expect(contentsOf(to)).toEqual({ ...old, ...source });
              expect(filesOf(to).filter((name) => name.includes('.fs-reflink-'))).toEqual([]);
            } finally {
              rmSync(home, { recursive: true, force: true });
            }
          },
        );
      });
  },
);

/**
 * The error code of a copy. These tests also accept the errors for a file in place of a directory, or the reverse.
 */
async function codeOf(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    const { code } = error as { code: string };
    expect(['ENOSPC', 'EISDIR', 'ENOTDIR', 'EEXIST']).toContain(code);
    return code;
  }
}
