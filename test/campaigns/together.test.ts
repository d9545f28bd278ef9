import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type CopyOptions, copy } from 'fs-reflink';
import { expect } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { campaign, describeCampaigns } from './campaign.ts';
import { makeTree, trees } from './random-trees.ts';

const CHILD = fileURLToPath(new URL('copy-child.js', import.meta.url));

/** Starts a process that is ready to copy. The returned function lets it copy, and waits until it ends. */
async function start(cwd: string, options: CopyOptions) {
  const job = JSON.stringify({ targets: { from: 'from', to: 'to' }, options: { ...options, cwd } });
  const child = spawn(process.execPath, [CHILD, job], { stdio: 'pipe' });
  const ended = once(child, 'exit');
  const said = text(child.stderr);
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end('go');
    const [status] = (await ended) as [number | null];
    return { status, stderr: await said };
  };
}

const contentsOf = (root: string) =>
  Object.entries(readTree(root)).map(([path, { type, sha256, target, mode }]) =>
    type === 'directory' ? path : [path, sha256 ?? target, type === 'file' ? mode & 0o777 : 0],
  );

function obstacle(): string | undefined {
  return process.platform === 'linux' ? undefined : `it is written for Linux, this is ${process.platform}`;
}

describeCampaigns('test/campaigns/together.test.ts', 'several processes', obstacle, () => {
  campaign(
    'processes that copy to one place at once all succeed, and the next copy finds all unchanged',
    { short: 10, long: 1000 },
    fc.record({
      tree: trees,
      processes: fc.integer({ min: 2, max: 4 }),
      manifest: fc.constantFrom('none', 'one for all', 'one for each'),
      deletes: fc.boolean(),
      options: fc.record({
        overwrite: fc.constantFrom(true, 'changed' as const, 'older' as const),
        atomic: fc.boolean(),
        concurrency: fc.constantFrom(1, 2),
        reflink: fc.constantFrom('auto' as const, 'never' as const),
      }),
    }),
    async ({ tree, processes, manifest, deletes, options }) => {
      const home = mkdtempSync(join(tmpdir(), 'fs-reflink-campaign-'));
      try {
        mkdirSync(join(home, 'from'));
        makeTree(join(home, 'from'), tree);
        const optionsOf = (number: number): CopyOptions => ({
          ...options,
          symlinks: 'keep',
          ...(manifest === 'one for all' && { manifest: 'manifest' }),
          ...(manifest === 'one for each' && { manifest: `manifest-${number}` }),
          ...(manifest !== 'none' && deletes && { prune: 'placed' }),
        });
        const numbers = [...Array(processes).keys()];
        const ready = await Promise.all(numbers.map((number) => start(home, optionsOf(number))));
        await pastTick();
        const ended = await Promise.all(ready.map((go) => go()));
        for (const each of ended) expect(each).toEqual({ status: 0, stderr: '' });
        expect(contentsOf(join(home, 'to'))).toEqual(contentsOf(join(home, 'from')));
        const next = {
          ...optionsOf(0),
          cwd: home,
          overwrite: manifest === 'none' ? 'changed' : true,
        } as const;
        const again = await copy({ from: 'from', to: 'to' }, next);
        // If each process has its own manifest, a file may have been written last by another process: then this
        // manifest does not have it.
        if (manifest !== 'one for each') expect(again).toMatchObject({ files: 0, links: 0, pruned: 0 });
        expect(contentsOf(join(home, 'to'))).toEqual(contentsOf(join(home, 'from')));
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
  );
});
