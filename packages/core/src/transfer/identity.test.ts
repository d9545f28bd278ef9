import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Bench, errnoOf, pretendToClone } from '../../../../test/support/injected.ts';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import { SystemBench } from '../../../../test/support/system-bench.ts';
import type { TransferSettings } from '../model/settings.ts';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import type { System } from '../platform/system.ts';

const content = Buffer.alloc(300_001, 'content');
const THEIRS = 'a complete file of another build';
const never = { reflink: 'never' } as const;

/** Replaces our file, as another build could do. */
function replace(bench: SystemBench): void {
  fs.writeFileSync(path.join(bench.destination, 'theirs'), THEIRS);
  fs.renameSync(path.join(bench.destination, 'theirs'), path.join(bench.destination, 'file'));
}

afterEach(() => vi.restoreAllMocks());

const lanes: [name: string, lane: () => System][] = [['node:fs', () => portableSystem('a test')]];
if (process.platform === 'linux') lanes.push(['native', () => linuxSystem(loadBindings())]);

describe.each(lanes)('%s: a copy that fails leaves what has taken the place of its file', (_name, lane) => {
  test.each<[string, Partial<TransferSettings>]>([
    ['copied', never],
    ['cloned where possible', {}],
    ['without its mode', { ...never, preserve: ['timestamps'] }],
  ])('%s', (_how, settings) => {
    let bench: SystemBench | undefined;
    const system: System = {
      ...lane(),
      sync() {
        replace(bench!);
        return -errnoOf('EIO');
      },
    };
    bench = new SystemBench(system, { ...settings, durability: 'file' });
    using _disposed = bench;
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ code: 'EIO' });
    expect(bench.names).toEqual(['file']);
    expect(bench.read('file').toString()).toBe(THEIRS);
  });

  test('and replaces it where the source has changed meanwhile and is copied again', () => {
    let bench: SystemBench | undefined;
    const real = lane();
    let looks = 0;
    const system: System = {
      ...real,
      fileStatus(fd, into) {
        // The second status of the source is the one that is compared with the first.
        if (++looks === 2) {
          replace(bench!);
          fs.appendFileSync(path.join(bench!.source, 'file'), 'more');
        }
        return real.fileStatus(fd, into);
      },
    };
    bench = new SystemBench(system, never);
    using _disposed = bench;
    bench.write('file', content);
    const unlink = vi.fn(real.unlink);
    Object.assign(system, { unlink });
    expect(bench.copy('file')).toMatchObject({ bytes: content.length + 4 });
    expect(unlink).not.toHaveBeenCalled();
    expect(bench.names).toEqual(['file']);
  });

  test('and removes its own', () => {
    const system: System = { ...lane(), sync: () => -errnoOf('EIO') };
    using bench = new SystemBench(system, { durability: 'file' });
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ code: 'EIO' });
    expect(bench.names).toEqual([]);
  });
});

describe.each(lanes)('%s: a link that becomes a file while it is copied', (_name, lane) => {
  test('is refused, and the error says what happened', () => {
    const real = lane();
    const system: System = {
      ...real,
      readLink(...args) {
        fs.unlinkSync(path.join(bench.source, 'link'));
        bench.write('link', 'a file');
        return real.readLink(...args);
      },
    };
    const bench: SystemBench = new SystemBench(system, { symlinks: 'keep' });
    using _disposed = bench;
    fs.symlinkSync('ours', path.join(bench.source, 'link'));
    expect(() => bench.link('link')).toThrow(
      /EINVAL: the source was a symbolic link, and something else took/,
    );
    expect(bench.names).toEqual([]);
  });
});

describe.each(lanes)('%s: a link that somebody else makes meanwhile', (_name, lane) => {
  /** Copies the link `link`, which leads to `ours`, while another process creates a link of that name. */
  function copyLink(overwrite: TransferSettings['overwrite']): {
    target: string;
    code?: string;
    names: string[];
  } {
    const real = lane();
    let made = 0;
    const system: System = {
      ...real,
      symlink(...args) {
        if (made++ === 0) fs.symlinkSync('theirs', path.join(bench.destination, 'link'));
        return real.symlink(...args);
      },
    };
    const bench: SystemBench = new SystemBench(system, { symlinks: 'keep', overwrite });
    using _disposed = bench;
    fs.symlinkSync('ours', path.join(bench.source, 'link'));
    let code: string | undefined;
    try {
      bench.link('link');
    } catch (error) {
      ({ code } = error as { code: string });
    }
    const target = fs.readlinkSync(path.join(bench.destination, 'link'));
    return { target, names: bench.names, ...(code !== undefined && { code }) };
  }

  test.each([
    [true, { target: 'ours' }],
    [false, { target: 'theirs' }],
    ['error', { target: 'theirs', code: 'EEXIST' }],
  ] as const)('is treated as one that was there, with overwrite %j', (overwrite, expected) => {
    expect(copyLink(overwrite)).toEqual({ names: ['link'], ...expected });
  });
});

describe.skipIf(notLinux)(orSkipped('each strategy (Linux)', notLinux), () => {
  const noClone = () => -errnoOf('EOPNOTSUPP');
  const strategies: [string, Partial<TransferSettings>][] = [
    ['ioctl', {}],
    ['copyFileRange', {}],
    ['write', never],
    ['write', { reflink: 'never', pageCache: 'bypass' }],
  ];
  test.each(strategies)('whose %s fails on a full disk, %j', (call, settings) => {
    const bench: Bench = new Bench(
      () => ({
        ioctl: call === 'ioctl' ? pretendToClone : noClone,
        [call]: () => {
          replace(bench);
          return -errnoOf('ENOSPC');
        },
      }),
      settings,
    );
    using _disposed = bench;
    bench.write('file', content);
    expect(bench.copy('file')).toMatchObject({ code: 'ENOSPC' });
    expect(bench.names).toEqual(['file']);
    expect(bench.read('file').toString()).toBe(THEIRS);
  });
});
