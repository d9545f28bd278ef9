import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { copyBy } from '../../../../test/support/copy-by.ts';
import type { CopyOptions } from '../options.ts';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import type { System } from '../platform/system.ts';

/** The directory of a test in which another process replaces directories by links while a copy deletes in them. */
let home: string;
const at = (below: string) => path.join(home, below);
const write = (below: string) => {
  fs.mkdirSync(path.dirname(at(below)), { recursive: true });
  fs.writeFileSync(at(below), below);
};

beforeEach(() => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-swapped-')));
  write('in/keep');
  write('in/d/stays');
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(home, { recursive: true });
});

function copy(system: System, options: CopyOptions) {
  const all = { cwd: home, manifest: 'manifest', entries: true, ...options };
  const finished = copyBy(system, { from: 'in', to: 'out' }, all);
  if (finished.error) throw finished.error;
  return finished.tally;
}

/**
 * Runs a copy during which a directory is replaced by a link. It must copy nothing through the link, and may fail
 * with ELOOP.
 */
function copyDespiteLink(...args: Parameters<typeof copy>): void {
  try {
    copy(...args);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ELOOP' });
  }
}

/** Returns a function that replaces a directory by a link to `outside`, once. */
function swapOnce(below: string): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    fs.renameSync(at(below), at('moved'));
    fs.symlinkSync(at('outside'), at(below));
  };
}

/** Replaces the directory after `listed` has been listed, before anything in it is deleted. */
function swapOnceListed(listed: string, below: string): void {
  const swap = swapOnce(below);
  const { readdirSync } = fs;
  vi.spyOn(fs, 'readdirSync').mockImplementation(((directory: string, options: never) => {
    const entries = readdirSync(directory, options);
    if (directory === at(listed)) swap();
    return entries;
  }) as typeof fs.readdirSync);
}

const lanes: [name: string, lane: () => System][] = [['node:fs', () => portableSystem('a test')]];
if (process.platform === 'linux') lanes.push(['native', () => linuxSystem(loadBindings())]);

describe.each(lanes)('%s: pruning deletes nothing behind a link', (name, lane) => {
  test('that takes the place of a directory that was listed', () => {
    write('out/d/stale');
    write('outside/stale');
    swapOnceListed('out/d', 'out/d');
    copyDespiteLink(lane(), { prune: 'everything' });
    expect(fs.existsSync(at('outside/stale'))).toBe(true);
  });

  test('that takes the place of a directory in one that goes', () => {
    write('out/old/deep/stale');
    write('outside/stale');
    swapOnceListed('out/old', 'out/old/deep');
    copy(lane(), { prune: 'everything' });
    expect(fs.existsSync(at('outside/stale'))).toBe(true);
    expect(fs.existsSync(at('out/old'))).toBe(false);
  });

  test('that takes the place of a directory that goes, once that was listed', () => {
    write('out/old/stale');
    write('outside/stale');
    swapOnceListed('out/old', 'out/old');
    copy(lane(), { prune: 'everything' });
    expect(fs.existsSync(at('outside/stale'))).toBe(true);
  });

  test('that takes the place of a directory in which a file is as it was copied', () => {
    write('in/d/stale');
    const system = lane();
    copy(system, { prune: 'placed' });
    fs.rmSync(at('in/d/stale'));
    write('outside/stale');
    const swap = swapOnce('out/d');
    const swapping: System = {
      ...system,
      status(directory, name, follow, into) {
        const result = system.status(directory, name, follow, into);
        if (name === 'stale') swap();
        return result;
      },
    };
    copyDespiteLink(swapping, { prune: 'placed' });
    expect(fs.existsSync(at('outside/stale'))).toBe(true);
  });

  test('that takes the place of a directory whose empty directory goes', () => {
    write('in/d/empty/stale');
    const system = lane();
    copy(system, { prune: 'placed' });
    fs.rmSync(at('in/d/empty'), { recursive: true });
    fs.mkdirSync(at('outside/empty'), { recursive: true });
    const swap = swapOnce('out/d');
    const swapping: System = {
      ...system,
      unlink(directory, file) {
        const result = system.unlink(directory, file);
        swap();
        return result;
      },
    };
    const { rmSync } = fs;
    vi.spyOn(fs, 'rmSync').mockImplementation((...args) => {
      rmSync(...args);
      swap();
    });
    copyDespiteLink(swapping, { prune: 'placed' });
    expect(fs.existsSync(at('outside/empty'))).toBe(true);
  });

  // The `node:fs` lane works with paths, and cannot detect this.
  const race = ['everything', 'placed'] as const;
  test.each(name === 'native' ? race : [])(
    'that comes just before the system is told to delete (prune: %j)',
    (prune) => {
      write('in/d/stale');
      const system = lane();
      copy(system, { prune });
      fs.rmSync(at('in/d/stale'));
      write('outside/stale');
      const swap = swapOnce('out/d');
      const swapping: System = {
        ...system,
        unlink(directory, file) {
          if (file === 'stale') swap();
          return system.unlink(directory, file);
        },
      };
      const { rmSync } = fs;
      vi.spyOn(fs, 'rmSync').mockImplementation((...args) => {
        swap();
        rmSync(...args);
      });
      copyDespiteLink(swapping, { prune });
      expect(fs.existsSync(at('outside/stale'))).toBe(true);
      expect(fs.existsSync(at('moved/stale'))).toBe(false);
    },
  );
});
