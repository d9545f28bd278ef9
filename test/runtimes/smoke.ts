import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharesExtents } from '../support/extents.ts';
import { cannotMount, type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
// @ts-expect-error JavaScript without types
import { checks } from './checks.mjs';
// @ts-expect-error JavaScript without types
import { portableChecks } from './portable-checks.mjs';

/** What one check came to, as smoke.mjs prints it. */
interface Outcome {
  check: string;
  ok: boolean;
  error?: string;
  /** Files that say they were cloned: whether they were, only this side can tell. */
  shared?: [string, string][];
}

export const BUILT = fileURLToPath(new URL('../../packages/core/dist/index.js', import.meta.url));
const SMOKE = fileURLToPath(new URL('smoke.mjs', import.meta.url));

const checksIn = (env: NodeJS.ProcessEnv): string[] =>
  Object.keys(env.FS_REFLINK_NATIVE === 'off' ? portableChecks : checks);

/** Why no smoke test can run here, besides what its runtime needs. */
export function smokeObstacle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `it needs Linux x64, this is ${process.platform} ${process.arch}`;
  return cannotMount('btrfs') ?? cannotMount('ext4');
}

/**
 * One test for each check of smoke.mjs, in a runtime that `start` makes ready: it returns the runtime's command
 * and the index.js of the built package, as that runtime is to find it. `env` is added to its environment.
 */
export function describeSmoke(
  label: string,
  start: () => { command: string[]; engine: string },
  env: NodeJS.ProcessEnv = {},
): void {
  describe(label, () => {
    const mounts: MountedFilesystem[] = [];
    let run: { outcomes: Map<string, Outcome>; errors: string; code: number | null };

    beforeAll(async () => {
      const { command, engine } = start();
      // One check fills ext4.
      const sizes = { btrfs: 256, ext4: 96 };
      const [btrfs, ext4] = (['btrfs', 'ext4'] as const).map((kind) => {
        const mount = mountFilesystem(kind, { sizeMiB: sizes[kind] });
        mounts.push(mount);
        const directory = join(mount.path, 'smoke');
        mkdirSync(directory);
        return directory;
      });
      run = await smoke([...command, SMOKE, engine, btrfs!, ext4!], env);
    }, 400_000);

    afterAll(() => {
      for (const mount of mounts) mount.unmount();
    });

    test.each(checksIn(env))('%s', (check) => {
      const outcome = run.outcomes.get(check);
      expect(outcome ?? run.errors).toMatchObject({ check, ok: true });
      for (const [from, to] of outcome!.shared ?? []) expect(sharesExtents(from, to)).toBe(true);
    });

    test('it ends by itself, without a warning', () => {
      expect(run).toMatchObject({ code: 0, errors: '' });
    });
  });
}

function smoke([program, ...args]: string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ outcomes: Map<string, Outcome>; errors: string; code: number | null }>(
    (resolve, reject) => {
      const child = spawn(program!, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 300_000,
        env: { ...process.env, ...env },
      });
      let lines = '';
      let errors = '';
      child.stdout.setEncoding('utf8').on('data', (data) => (lines += data));
      child.stderr.setEncoding('utf8').on('data', (data) => (errors += data));
      child.on('error', reject);
      child.on('close', (code) => {
        const outcomes = lines
          .split('\n')
          .filter(Boolean)
          .map((line): [string, Outcome] => {
            const outcome = JSON.parse(line) as Outcome;
            return [outcome.check, outcome];
          });
        resolve({ outcomes: new Map(outcomes), errors, code });
      });
    },
  );
}
