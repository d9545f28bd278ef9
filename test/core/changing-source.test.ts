import { spawnSync } from 'node:child_process';
import fs, {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { copy, copyFile, copyFileSync } from 'fs-reflink';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import { portableSystem } from '../../packages/core/src/platform/portable/portable.ts';
import { pastTick } from '../support/clock.ts';
import { mountFilesystem, unavailable } from '../support/filesystems.ts';
import { Bench } from '../support/injected.ts';
import { notLinux, orSkipped } from '../support/skip.ts';
import { SystemBench } from '../support/system-bench.ts';
import { writeTree } from '../support/trees.ts';
import { contentsOf, filesOf, leavingNothing, refusal, workspace } from './support.ts';

const MIB = 1024 * 1024;

function prepared(sizeMiB: number) {
  const cwd = workspace();
  const [source, destination] = [join(cwd, 'source'), join(cwd, 'out/source')];
  writeFileSync(source, Buffer.alloc(sizeMiB * MIB, 's'));
  mkdirSync(join(cwd, 'out'));
  writeFileSync(destination, 'old');
  return { cwd, source, destination };
}

const changes: [what: string, change: (source: string) => void][] = [
  ['grows', (source) => appendFileSync(source, 'more')],
  ['is truncated', (source) => truncateSync(source, statSync(source).size - 1000)],
  ['is written to in its middle', (source) => writeFileSync(source, 'else', { flag: 'r+' })],
];
const ways: Partial<TransferSettings>[] = [{ reflink: 'never' }, { pageCache: 'bypass', reflink: 'never' }];

describe.skipIf(notLinux)(orSkipped('a source that changes whenever a part of it was read', notLinux), () => {
  const changing = (change: (source: string) => void, settings: Partial<TransferSettings>) => {
    const bench: Bench = new Bench(
      (real) => ({
        read(...args) {
          const got = real.read(...args);
          if (got > 0) change(join(bench.source, 'file'));
          return got;
        },
      }),
      settings,
    );
    bench.write('file', Buffer.alloc(3 * MIB, 's'));
    return bench;
  };

  for (const [what, change] of changes) {
    it.each(ways)(`and ${what} is refused, and the old file kept, with %o`, (settings) => {
      using bench = changing(change, settings);
      bench.writeExisting('file', 'old');
      expect(bench.copy('file')).toMatchObject({ code: 'ERR_SOURCE_CHANGED' });
      expect(bench.names).toEqual(['file']);
      expect(bench.read('file').toString()).toBe('old');
    });

    it.each(ways)(`and ${what} leaves no part of a new file, with %o`, (settings) => {
      using bench = changing(change, settings);
      expect(bench.copy('file')).toMatchObject({ code: 'ERR_SOURCE_CHANGED' });
      expect(bench.names).toEqual([]);
    });
  }
});

/** Changes that keep the bytes, the size and the modification time of the source. */
const harmless: [what: string, change: (source: string, turn: number) => void][] = [
  ['gets a mode', (source) => chmodSync(source, 0o600)],
  [
    'gets a hard link or loses it',
    (source, turn) => (turn % 2 ? unlinkSync(`${source}.link`) : linkSync(source, `${source}.link`)),
  ],
];

/** Makes sure that the change time differs: the clocks of filesystems tick only every few milliseconds. */
function changeTimeOf(source: string, change: () => void): void {
  const before = statSync(source, { bigint: true }).ctimeNs;
  change();
  const { mode } = statSync(source);
  while (statSync(source, { bigint: true }).ctimeNs === before) chmodSync(source, mode & 0o777);
}

/** Gives the source other bytes, with the same size and modification time. */
function rewrite(source: string, turn: number): void {
  const { atime, mtime } = statSync(source);
  writeFileSync(source, String(turn % 10), { flag: 'r+' });
  utimesSync(source, atime, mtime);
}

interface Changing {
  method: string;
  /** A bench whose source changes after every read. */
  open(change: (source: string, turn: number) => void): SystemBench;
}

const original = Buffer.alloc(3 * MIB + 5, 'copied');

function withSource<B extends SystemBench>(bench: B): B {
  bench.write('file', original);
  utimesSync(join(bench.source, 'file'), 1e9, 1e9);
  return bench;
}

const onLinux = (method: string, settings: Partial<TransferSettings>): Changing => ({
  method,
  open(change) {
    let turn = 0;
    const bench: Bench = new Bench(
      (real) => ({
        read(...args) {
          const got = real.read(...args);
          if (got > 0)
            changeTimeOf(join(bench.source, 'file'), () => change(join(bench.source, 'file'), turn++));
          return got;
        },
      }),
      settings,
    );
    return withSource(bench);
  },
});

const onNodeFs: Changing = {
  method: 'node_fs',
  open(change) {
    const bench = withSource(new SystemBench(portableSystem('a test'), { reflink: 'never' }));
    const real = fs.readSync as (...args: unknown[]) => number;
    let turn = 0;
    vi.spyOn(fs, 'readSync').mockImplementation((...args: unknown[]) => {
      const got = real(...args);
      if (got > 0) changeTimeOf(join(bench.source, 'file'), () => change(join(bench.source, 'file'), turn++));
      return got;
    });
    return bench;
  },
};

describe.skipIf(notLinux)(
  orSkipped('a source whose change time alone changes at every read', notLinux),
  () => {
    afterEach(() => vi.restoreAllMocks());

    describe.each([
      onLinux('read_write', { reflink: 'never' }),
      onLinux('direct', { reflink: 'never', pageCache: 'bypass' }),
      onNodeFs,
    ])('copied by $method', ({ method, open }) => {
      it.each(harmless)('because it %s is copied', (_what, change) => {
        using bench = open(change);
        expect(bench.copy('file')).toEqual({ method, bytes: original.length });
        vi.restoreAllMocks();
        expect(bench.names).toEqual(['file']);
        expect(bench.read('file').equals(original)).toBe(true);
      });

      it('because its bytes change and its modification time is set back is refused', () => {
        using bench = open(rewrite);
        expect(bench.copy('file')).toMatchObject({ code: 'ERR_SOURCE_CHANGED' });
        expect(bench.names).toEqual([]);
      });
    });

    it('gives its copy the mode that it was given meanwhile', () => {
      using bench = onLinux('read_write', { reflink: 'never' }).open((source) => chmodSync(source, 0o640));
      expect(bench.copy('file')).toMatchObject({ method: 'read_write' });
      expect(statSync(join(bench.destination, 'file')).mode & 0o777).toBe(0o640);
    });
  },
);

describe('a source that changes once while it is copied', () => {
  it('is copied again, as it is then', async () => {
    const { cwd, source } = prepared(100);
    let changed = false;
    const onProgress = () => {
      if (!changed) appendFileSync(source, 'more');
      changed = true;
    };
    const options = { cwd, reflink: 'never', onProgress } as const;
    const report = await leavingNothing(cwd, () => copy({ from: 'source', to: 'out' }, options));
    expect(changed).toBe(true);
    expect(report).toMatchObject({ files: 1, bytes: 100 * MIB + 4 });
    const contents = contentsOf(cwd);
    expect(contents['out/source']).toBe(contents.source);
  });
});

describe('a source that is deleted while it is copied', () => {
  it('is copied to its end, because it is open', async () => {
    const { cwd, source, destination } = prepared(40);
    const options = { cwd, reflink: 'never', onProgress: () => rmSync(source, { force: true }) } as const;
    const report = await leavingNothing(cwd, () => copy({ from: 'source', to: 'out' }, options));
    expect(report.files).toBe(1);
    expect(statSync(destination).size).toBe(40 * MIB);
  });
});

/** A case-insensitive directory. */
function mountCaseless(kind: 'ext4' | 'exfat') {
  if (kind === 'exfat') {
    const disk = mountFilesystem('exfat', { sizeMiB: 16 });
    return { path: disk.path, [Symbol.dispose]: () => disk.unmount() };
  }
  const disk = mountFilesystem('ext4', { sizeMiB: 16, mkfs: ['-O', 'casefold'] });
  const path = join(disk.path, 'caseless');
  mkdirSync(path);
  const { error, status, stderr } = spawnSync('chattr', ['+F', path], { encoding: 'utf8' });
  if (status === 0) return { path, [Symbol.dispose]: () => disk.unmount() };
  disk.unmount();
  throw error ?? new Error(stderr);
}

/** Kernels without Unicode tables cannot fold case in ext4. exFAT runs in user space, so it always has to work. */
function reasonAgainst(kind: 'ext4' | 'exfat'): string | undefined {
  const reason = unavailable(kind);
  if (reason || kind === 'exfat') return reason;
  try {
    mountCaseless(kind)[Symbol.dispose]();
    return undefined;
  } catch {
    return 'this kernel cannot fold case';
  }
}

const caseless = (['exfat', 'ext4'] as const).filter((kind) => kind === 'exfat' || !reasonAgainst(kind));
describe.each(caseless)('where the case of letters does not count, on %s', (kind) => {
  const reason = reasonAgainst(kind);
  describe.skipIf(reason)(`mounted${reason ? ` (skipped: ${reason})` : ''}`, () => {
    it('directories of two targets that are one there keep what both have, also when nothing changed', async () => {
      using place = mountCaseless(kind);
      const cwd = writeTree(place.path, { 'a/Sub/x': 'x', 'b/sub/y': 'y' });
      const run = () =>
        copy(
          [
            { from: 'a', to: 'out' },
            { from: 'b', to: 'out' },
          ],
          { cwd, manifest: 'manifest', prune: 'everything' },
        );
      // exFAT in user space stores times with a resolution of two seconds.
      await pastTick(2500);
      expect(await run()).toMatchObject({ files: 2 });
      await pastTick(2500);
      for (let turn = 0; turn < 3; turn++) {
        expect(await run()).toMatchObject({ pruned: 0 });
        expect(readdirSync(join(cwd, 'out/Sub')).sort()).toEqual(['x', 'y']);
      }
    });

    it('another spelling is the same file, and stays', async () => {
      using place = mountCaseless(kind);
      const [source, destination] = [join(place.path, 'File'), join(place.path, 'fILE')];
      writeFileSync(source, 'precious');
      for (const act of [
        () => copyFile(source, destination),
        async () => copyFileSync(source, destination),
        () => copy({ from: source, to: place.path, rename: 'fILE' }),
      ]) {
        const error = await leavingNothing(place.path, () => refusal(act));
        expect(error).toMatchObject({ code: 'ERR_SAME_FILE', source, destination });
      }
      expect(readFileSync(source, 'utf8')).toBe('precious');
    });

    it('another spelling of a directory is the same directory', async () => {
      using place = mountCaseless(kind);
      mkdirSync(join(place.path, 'Dir'));
      writeFileSync(join(place.path, 'Dir/a'), 'precious');
      const targets: [from: string, to: string, code: string][] = [
        ['Dir', 'dIR', 'ERR_SAME_FILE'],
        ['Dir', 'dIR/below', 'ERR_NESTED'],
      ];
      for (const [from, to, code] of targets) {
        expect(await refusal(() => copy({ from, to }, { cwd: place.path }))).toMatchObject({ code });
      }
      expect(filesOf(place.path)).toEqual(['Dir/a']);
    });
  });
});
