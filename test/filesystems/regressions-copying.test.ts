import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allocatedBytes } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { type Copied, type Lane, lanes, openChild } from '../support/lanes.ts';
import { describeOn } from '../support/places.ts';
import { notLinux, orSkipped } from '../support/skip.ts';
import { writeSparse } from './cases.ts';

const MiB = 1024 * 1024;

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'fs-reflink-regressions-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.skipIf(notLinux).each(lanes)(orSkipped('$name', notLinux), (lane) => {
  const run = inLane(lane);

  test.each(['/proc/version', '/proc/cpuinfo', '/sys/devices/system/cpu/online', '/proc/self/cmdline'])(
    'R2: %s, whose size is made up, is copied to its end',
    async (source) => {
      const destination = join(mkdtempSync(join(home, 'pseudo-')), 'copy');
      expect(await run(source, destination, {})).toMatchObject({
        method: lane.native ? 'read_write' : 'node_fs',
        bytes: lstatSync(destination).size,
      });
      const [copied, read] = [readFileSync(destination, 'latin1'), readFileSync(source, 'latin1')];
      if (source === '/proc/version' || source.startsWith('/sys')) expect(copied).toBe(read);
      else expect(copied.length).toBeGreaterThan(0);
    },
  );

  test('R2: a file of /proc cannot be cloned', async () => {
    const destination = join(home, lane.name, 'clone');
    expect(await run('/proc/version', destination, { reflink: 'always' })).toHaveProperty('code');
    expect(readdirSync(join(home, lane.name))).toEqual([]);
  });
});

describeOn(['tmpfs'], 'R7: a disk that is full', () => {
  let tmpfs: MountedFilesystem;
  let source: string;
  beforeAll(() => {
    tmpfs = mountFilesystem('tmpfs', { sizeMiB: 8 });
    source = join(home, 'too large');
    writeFileSync(source, randomBytes(20 * MiB));
  });
  afterAll(() => tmpfs?.unmount());

  describe.each(lanes)('$name', (lane) => {
    const run = inLane(lane);

    test.each([{}, { reflink: 'never' }, { pageCache: 'bypass' }, { atomic: true }] as const)(
      'is an error with %o, the old file stays and nothing is left',
      async (options) => {
        const directory = mkdtempSync(join(tmpfs.path, 'full-'));
        expect(await run(source, join(directory, 'new'), options)).toEqual({ code: 'ENOSPC' });
        expect(readdirSync(directory)).toEqual([]);

        writeFileSync(join(directory, 'old'), 'old');
        expect(await run(source, join(directory, 'old'), options)).toEqual({ code: 'ENOSPC' });
        expect(readdirSync(directory)).toEqual(['old']);
        expect(readFileSync(join(directory, 'old'), 'utf8')).toBe('old');
      },
    );
  });
});

describeOn(['xfs', 'ext4'], 'R7: a limit on the size of files', () => {
  const mounted: Partial<Record<'xfs' | 'ext4', MountedFilesystem>> = {};
  beforeAll(() => {
    mounted.xfs = mountFilesystem('xfs');
    mounted.ext4 = mountFilesystem('ext4');
  });
  afterAll(() => {
    for (const each of Object.values(mounted)) each.unmount();
  });

  test.each([
    { kind: 'xfs', native: 'on', options: {} },
    { kind: 'xfs', native: 'on', options: { reflink: 'never' } },
    { kind: 'xfs', native: 'off', options: {} },
    { kind: 'ext4', native: 'on', options: {} },
    { kind: 'ext4', native: 'on', options: { pageCache: 'bypass' } },
    { kind: 'ext4', native: 'off', options: {} },
  ] as const)(
    'is an error on $kind, native lane $native, $options, and nothing is left',
    async ({ kind, native, options }) => {
      const child = openChild({ command: ['prlimit', '--fsize=65536'], env: { FS_REFLINK_NATIVE: native } });
      const directory = mkdtempSync(join(mounted[kind]!.path, 'limited-'));
      const source = join(mounted[kind]!.path, 'source');
      writeFileSync(source, randomBytes(200_001));
      writeFileSync(join(directory, 'old'), 'old');
      for (const name of ['new', 'old']) {
        expect(await child.run(source, join(directory, name), options)).toEqual({ code: 'EFBIG' });
      }
      expect(readdirSync(directory)).toEqual(['old']);
      expect(readFileSync(join(directory, 'old'), 'utf8')).toBe('old');
      await child.close();
    },
  );
});

describeOn(['ext4', 'tmpfs'], 'a file larger than any that the filesystem can hold', () => {
  const GiB = 1024 * MiB;
  let mounted: MountedFilesystem;
  let sources: MountedFilesystem;
  const run = inLane(lanes.find(({ native }) => native)!);
  beforeAll(() => {
    // With block maps and blocks of 1 KiB, a file has at most 16 GiB.
    mounted = mountFilesystem('ext4', { mkfs: ['-b', '1024', '-O', '^extent,^huge_file,^64bit'] });
    sources = mountFilesystem('tmpfs');
  });
  afterAll(() => {
    mounted?.unmount();
    sources?.unmount();
  });

  const ways = [{}, { atomic: true }, { reflink: 'never' }, { pageCache: 'bypass' }] as const;
  test.each(
    ways.flatMap((options) =>
      [
        { ends: 'in data', data: 20 * GiB },
        { ends: 'in a hole', data: 0 },
      ].map((each) => ({ ...each, options })),
    ),
  )('is EFBIG if it ends $ends, with $options, and the old file stays', async ({ data, options }) => {
    const source = join(sources.path, 'large');
    const fd = openSync(source, 'w');
    writeSync(fd, 'data', data);
    ftruncateSync(fd, 20 * GiB + 4);
    closeSync(fd);
    const directory = mkdtempSync(join(mounted.path, 'large-'));
    writeFileSync(join(directory, 'old'), 'old');
    for (const name of ['new', 'old'])
      expect(await run(source, join(directory, name), options)).toEqual({ code: 'EFBIG' });
    expect(readdirSync(directory)).toEqual(['old']);
    expect(readFileSync(join(directory, 'old'), 'utf8')).toBe('old');
  });
});

for (const kind of ['ext4', 'xfs-noreflink', 'tmpfs'] as const) {
  describeOn([kind], `files with holes on ${kind}`, () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem(kind);
    });
    afterAll(() => mounted?.unmount());

    const sources: [string, (path: string) => void][] = [
      ['R10: holes everywhere', writeSparse],
      ['R29: one hole', (path) => writeEnding(path, 0, 3 * MiB)],
      ['R29: only a hole at the end', (path) => writeEnding(path, 70_000, 3 * MiB)],
      ['R29: a hole of less than a block at the end', (path) => writeEnding(path, 4096, 70_001)],
      ['R11: more than 2 GiB', (path) => writeEnding(path, 70_000, 3 * 1024 * MiB + 1)],
    ];
    const ways = [
      { method: 'copy_file_range', options: {} },
      { method: 'read_write', options: { reflink: 'never' } },
      { method: 'read_write', options: { reflink: 'never', durability: 'full' } },
      { method: 'direct', options: { pageCache: 'bypass' } },
    ] as const;

    describe.each(sources)('%s', (_name, write) => {
      const [lane] = lanes.filter(({ name }) => name === 'copyFileSync');
      const run = inLane(lane!);

      test.each(ways)('is kept by $method with $options', async ({ method, options }) => {
        const directory = mkdtempSync(join(mounted.path, 'holes-'));
        const [source, destination] = [join(directory, 'source'), join(directory, 'copy')];
        write(source);
        const { size } = lstatSync(source);
        // A file without any block is read, because only reading shows that it contains no data.
        const used = allocatedBytes(source) === 0 && method === 'copy_file_range' ? 'read_write' : method;
        expect(await run(source, destination, options)).toEqual({ method: used, bytes: size });
        expect(lstatSync(destination).size).toBe(size);
        // XFS allocates more than needed to a growing file, and the rest stays if a hole follows.
        expect(allocatedBytes(destination)).toBeLessThan(allocatedBytes(source) + MiB / 8);
        if (size < 10 * MiB) expect(readFileSync(destination).equals(readFileSync(source))).toBe(true);
        rmSync(directory, { recursive: true });
      });
    });
  });
}

function writeEnding(path: string, data: number, size: number): void {
  writeFileSync(path, randomBytes(data));
  truncateSync(path, size);
}

/** Opens a lane for the tests of a group, and returns a function that copies in it. */
function inLane(lane: Lane): (source: string, destination: string, options: object) => Promise<Copied> {
  let opened: Awaited<ReturnType<Lane['open']>>;
  beforeAll(async () => {
    mkdirSync(join(home, lane.name), { recursive: true });
    opened = await lane.open();
  });
  afterAll(() => opened?.close());
  return (source, destination, options) => opened.run(source, destination, options);
}
