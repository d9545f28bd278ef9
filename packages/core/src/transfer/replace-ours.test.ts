import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyBy } from '../../../../test/support/copy-by.ts';
import { copy } from '../copy.ts';
import type { CopyError } from '../errors.ts';
import type { CopyOptions } from '../options.ts';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import type { System } from '../platform/system.ts';

const THEIRS = 'a complete file of somebody else';

let home: string;
const at = (below: string) => path.join(home, below);

beforeEach(() => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-ours-')));
  fs.mkdirSync(at('in'));
  fs.writeFileSync(at('in/file'), 'first');
});
afterEach(() => fs.rmSync(home, { recursive: true }));

function replace(): void {
  fs.writeFileSync(at('theirs'), THEIRS);
  fs.renameSync(at('theirs'), at('out/file'));
}

function run(system: System, options: CopyOptions): unknown {
  const all = { cwd: home, manifest: 'manifest', ...options };
  return copyBy(system, { from: 'in', to: 'out' }, all).error;
}

const lanes: [name: string, lane: () => System][] = [['node:fs', () => portableSystem('a test')]];
if (process.platform === 'linux') lanes.push(['native', () => linuxSystem(loadBindings())]);

describe.each(lanes)('%s: a file that is replaced because it is ours', (_name, lane) => {
  test.each([false, 'error'] as const)(
    'is not when somebody replaces it meanwhile (overwrite: %j)',
    (overwrite) => {
      const system = lane();
      expect(run(system, { overwrite })).toBe(undefined);
      fs.writeFileSync(at('in/file'), 'second');
      const create: System['create'] = (...args) => {
        replace();
        return system.create(...args);
      };
      const error = run({ ...system, create }, { overwrite, reflink: 'never' });
      expect((error as CopyError | undefined)?.code).toBe(overwrite === 'error' ? 'EEXIST' : undefined);
      expect(fs.readdirSync(at('out'))).toEqual(['file']);
      expect(fs.readFileSync(at('out/file'), 'utf8')).toBe(THEIRS);
    },
  );

  test("stays somebody else's in the next runs", () => {
    const system = lane();
    run(system, { overwrite: false });
    fs.writeFileSync(at('in/file'), 'second');
    const create: System['create'] = (...args) => {
      replace();
      return system.create(...args);
    };
    run({ ...system, create }, { overwrite: false, reflink: 'never' });
    fs.rmSync(at('in/file'));
    expect(run(system, { overwrite: false, prune: 'placed' })).toBe(undefined);
    expect(fs.readFileSync(at('out/file'), 'utf8')).toBe(THEIRS);
  });

  test.each([false, 'error'] as const)('is replaced when nobody does (overwrite: %j)', (overwrite) => {
    const system = lane();
    run(system, { overwrite });
    fs.writeFileSync(at('in/file'), 'second');
    expect(run(system, { overwrite })).toBe(undefined);
    expect(fs.readFileSync(at('out/file'), 'utf8')).toBe('second');
  });
});

test.each([false, 'error'] as const)(
  'a transformed file that is ours is not replaced when somebody replaces it meanwhile (overwrite: %j)',
  async (overwrite) => {
    const options: CopyOptions = { cwd: home, manifest: 'manifest', overwrite };
    await copy({ from: 'in', to: 'out', transform: () => 'first' }, options);
    const transform = () => {
      replace();
      return 'second';
    };
    const again = copy({ from: 'in', to: 'out', transform }, options);
    if (overwrite === 'error') await expect(again).rejects.toMatchObject({ code: 'EEXIST' });
    else expect(await again).toMatchObject({ files: 0, unchanged: 1 });
    expect(fs.readdirSync(at('out'))).toEqual(['file']);
    expect(fs.readFileSync(at('out/file'), 'utf8')).toBe(THEIRS);
  },
);
