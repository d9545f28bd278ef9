import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CopyOptions } from '../../packages/core/src/options.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { singleMethod, strategiesOf } from '../../packages/core/src/transfer/single-method.ts';
import { copyBy } from './copy-by.ts';

/**
 * Tests what a process leaves if it is killed in the middle of a file: either a file that a later run with the same
 * `overwrite` replaces, or no file under the final name.
 */
export function testTornFiles(lanes: readonly [name: string, system: System][]): void {
  let home: string;
  const from = () => path.join(home, 'from');
  const to = () => path.join(home, 'to');
  beforeEach(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-torn-'));
    fs.mkdirSync(from());
    fs.writeFileSync(path.join(from(), 'file'), 'content');
    fs.utimesSync(path.join(from(), 'file'), 1_600_000_000, 1_600_000_000);
  });
  afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

  /** Copies, and calls `during` whenever a strategy has copied the bytes of a file. */
  function copy(system: System, options: CopyOptions, during: () => void) {
    const watched: System = {
      ...system,
      ladder: (query) =>
        system.ladder(query).map((strategy) => ({
          ...strategy,
          run(transfer) {
            const result = strategy.run(transfer);
            during();
            return result;
          },
        })),
    };
    const all = { cwd: home, entries: true, ...options };
    const { tally, error } = copyBy(watched, { from: 'from', to: 'to' }, all);
    return { tally, code: (error as { code?: string } | undefined)?.code };
  }

  const ways = lanes.flatMap(([lane, system]) =>
    [...strategiesOf(system).keys()].map((method) => [lane, method, singleMethod(system, method)] as const),
  );

  describe.each(ways)(
    '%s, %s: a process that is killed once it has moved the bytes of a new file',
    (_lane, method, system) => {
      /** The status of the destination after each strategy that was tried; an empty object if it does not exist. */
      function killed(options: CopyOptions): { mtimeMs?: number }[] {
        const seen: { mtimeMs?: number }[] = [];
        const file = path.join(to(), 'file');
        const { tally, code } = copy(system, options, () => {
          const stats = fs.lstatSync(file, { throwIfNoEntry: false });
          seen.push(stats ? { mtimeMs: stats.mtimeMs } : {});
        });
        // If the filesystem of this machine cannot clone, the copy fails with that.
        if (code === undefined) expect(tally.methods).toEqual({ [method]: { files: 1, bytes: 7 } });
        else expect(method).toBe(system.methods.clone);
        expect(seen.length).toBeGreaterThan(0);
        return seen;
      }

      test.each([true, 'changed'] as const)(
        'with overwrite %o leaves one without its source’s time',
        (overwrite) => {
          for (const { mtimeMs } of killed({ overwrite })) expect(mtimeMs).not.toBe(1_600_000_000_000);
        },
      );

      test.each([false, 'error'] as const)('with overwrite %o leaves none under its name', (overwrite) => {
        expect(new Set(killed({ overwrite }))).toEqual(new Set([{}]));
      });
    },
  );

  describe.each(lanes)('%s: a file that somebody makes while it is copied', (_lane, system) => {
    const theirs = () => fs.writeFileSync(path.join(to(), 'file'), 'theirs');

    test.each([
      [false, undefined],
      ['error', 'EEXIST'],
    ] as const)('stays with overwrite %o', (overwrite, code) => {
      const result = copy(system, { overwrite, reflink: 'never' }, theirs);
      expect(result.code).toBe(code);
      if (!code) expect(result.tally).toMatchObject({ files: 0, unchanged: 1 });
      expect(fs.readFileSync(path.join(to(), 'file'), 'utf8')).toBe('theirs');
      expect(fs.readdirSync(to())).toEqual(['file']);
    });
  });
}
