import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Attribute, type CopyOptions, copy, copySync } from 'fs-reflink';
import { expect } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { campaign, describeCampaigns } from './campaign.ts';
import { describeTree, makeTree, type Tree, trees, treesWithDevices } from './random-trees.ts';

/** What `cp -a` and `rsync -aHAX` preserve. */
const ALL: Attribute[] = ['mode', 'timestamps', 'ownership', 'links', 'devices', 'special', 'xattr', 'acl'];
const ARCHIVE: CopyOptions = { symlinks: 'keep', preserve: ALL };

const ways = fc.record({
  reflink: fc.constantFrom('auto' as const, 'never' as const),
  atomic: fc.boolean(),
  concurrency: fc.constantFrom(1, 2),
  durability: fc.constantFrom('none' as const, 'none' as const, 'file' as const),
  pageCache: fc.constantFrom('use' as const, 'use' as const, 'bypass' as const),
});

function obstacle(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'owners and modes of others need root';
  const missing = ['cp', 'rsync'].find((command) => spawnSync(command, ['--version']).status !== 0);
  return missing && `${missing} is not installed`;
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Creates a directory for one case, and deletes it afterwards. */
async function inScratch(attempt: (at: (name: string) => string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'fs-reflink-campaign-'));
  try {
    await attempt((name) => join(home, name));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function make(root: string, tree: Tree): string {
  mkdirSync(root, { recursive: true });
  makeTree(root, tree);
  return root;
}

describeCampaigns('test/campaigns/trees.test.ts', 'random trees', obstacle, () => {
  campaign(
    'a copy of a tree is what cp -a makes of it, and the next one finds all unchanged',
    { short: 30, long: 6000 },
    fc.record({ tree: treesWithDevices, options: ways, hasManifest: fc.boolean() }),
    ({ tree, options, hasManifest }) =>
      inScratch(async (at) => {
        const from = make(at('from'), tree);
        run('cp', '-a', `${from}/.`, at('expected'));
        const all: CopyOptions = {
          ...ARCHIVE,
          ...options,
          ...(hasManifest ? { manifest: at('manifest') } : { overwrite: 'changed' }),
        };
        if (hasManifest) await pastTick();
        const first = await copy({ from, to: at('to') }, all);
        expect(first.warnings).toEqual([]);
        expect(describeTree(at('to'))).toEqual(describeTree(at('expected')));
        const again = await copy({ from, to: at('to') }, all);
        expect(again).toMatchObject({ files: 0, links: 0, pruned: 0, unchanged: first.files + first.links });
        expect(describeTree(at('to'))).toEqual(describeTree(at('expected')));
      }),
  );

  campaign(
    'a copy over another tree that deletes what is stale leaves what rsync --delete leaves',
    { short: 20, long: 3000 },
    fc.record({
      tree: treesWithDevices.map(withoutNamesOfDevices),
      before: trees,
      options: ways,
      keeps: fc.boolean(),
    }),
    ({ tree, before, options, keeps }) =>
      inScratch(async (at) => {
        const from = make(at('from'), tree);
        // Entries of both trees: some are replaced, some are in the way, some are stale.
        const kept = keeps ? tree.slice(tree.length / 2).filter(([, { kind }]) => kind !== 'special') : [];
        // Without FIFOs and devices: replacing one by a file would be an error.
        make(at('to'), [...kept, ...before]);
        run('cp', '-a', `${at('to')}/.`, at('expected'));
        run(
          'rsync',
          '-aHAX',
          '--ignore-times',
          '--modify-window=-1',
          '--delete-before',
          '--force',
          `${from}/`,
          at('expected'),
        );
        const { warnings } = await copy(
          { from, to: at('to') },
          { ...ARCHIVE, ...options, prune: 'everything' },
        );
        expect(warnings).toEqual([]);
        expect(describeTree(at('to'))).toEqual(describeTree(at('expected')));
      }),
  );

  campaign(
    'all ways to copy a tree come to the same',
    { short: 20, long: 2000 },
    fc.record({ tree: trees, options: ways }),
    ({ tree, options }) =>
      inScratch(async (at) => {
        const from = make(at('from'), tree);
        const keep = { symlinks: 'keep', ...options } as const;
        await copy({ from, to: at('to') }, keep);
        const expected = describeTree(at('to'));
        const { concurrency: _, ...alone } = keep;
        copySync({ from, to: at('sync') }, alone);
        // If a target has functions, the calling thread plans.
        await copy({ from, to: at('filtered'), filter: () => true, rename: (path) => path }, keep);
        await copy({ from, to: at('listed'), ignore: 'no such name' }, { ...keep, manifest: at('m') });
        for (const other of ['sync', 'filtered', 'listed']) {
          const found = describeTree(at(other));
          // Directories have the time of the copy.
          expect(withoutDirectories(found), other).toEqual(withoutDirectories(expected));
          expect(Object.keys(found), other).toEqual(Object.keys(expected));
        }
        expect(
          await copy({ from, to: at('listed'), ignore: 'no such name' }, { ...keep, manifest: at('m') }),
        ).toMatchObject({ pruned: 0 });
        expect(withoutDirectories(describeTree(at('listed')))).toEqual(withoutDirectories(expected));
      }),
  );
});

/**
 * Removes hard links from a tree with FIFOs or devices: rsync 3.5 fails if another name of a FIFO replaces a
 * directory.
 */
function withoutNamesOfDevices(tree: Tree): Tree {
  return tree.some(([, { kind }]) => kind === 'special')
    ? tree.filter(([, { kind }]) => kind !== 'name')
    : tree;
}

function withoutDirectories(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([, what]) => !/^4\d{4}\d? /.test(what)));
}
