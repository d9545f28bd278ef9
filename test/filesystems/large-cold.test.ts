import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy } from 'fs-reflink';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FilesystemKind, type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { generateFiles, readTree } from '../support/trees.ts';

const FILES = 6;
/** More than the calling thread copies at once. */
const BYTES = 5_000_000;
/** One thread copies this many files in about the time that another thread needs to boot. */
const MANY = 15;
/** After this many milliseconds, Linux has written files from memory to the disk. */
const HALF_A_MINUTE = 30_000;

const large: [FilesystemKind, clones: boolean][] = [
  ['xfs', true],
  ['btrfs', true],
  ['ext4', false],
];

describe.each(large)('large files on %s while no workers stand ready', (kind, clones) => {
  describeOn([kind], kind, () => {
    let mounted: MountedFilesystem;
    let runs = 0;
    let started = 0;
    const count = () => started++;
    beforeAll(() => {
      mounted = mountFilesystem(kind);
    });
    afterAll(() => mounted?.unmount());
    beforeEach(() => {
      started = 0;
      process.on('worker', count);
    });
    afterEach(() => {
      process.off('worker', count);
      vi.restoreAllMocks();
      for (const name of readdirSync(mounted.path)) rmSync(join(mounted.path, name), { recursive: true });
    });

    const setUp = (files = FILES) => {
      const cwd = join(mounted.path, `${runs++}`);
      generateFiles(join(cwd, 'from'), { files, folders: 2, minBytes: BYTES, maxBytes: BYTES });
      const place = (options: CopyOptions = {}) =>
        copy({ from: 'from', to: 'to' }, { cwd, concurrency: 2, ...options });
      const filesIn = (name: string) =>
        Object.entries(readTree(join(cwd, name))).filter(([, { type }]) => type === 'file');
      return { cwd, place, filesIn };
    };
    const later = (ms: number) => {
      const now = Date.now;
      vi.spyOn(Date, 'now').mockImplementation(() => now() + ms);
    };

    test(`that were not just written are ${clones ? 'cloned' : 'copied'} by the calling thread`, async () => {
      const { place, filesIn } = setUp();
      later(2 * HALF_A_MINUTE);
      const { methods } = await place();
      const method = clones ? 'ficlone' : 'copy_file_range';
      expect(methods).toEqual({ [method]: { files: FILES, bytes: FILES * BYTES } });
      expect(started).toBe(0);
      expect(filesIn('to')).toEqual(filesIn('from'));
    });

    if (clones) {
      test('that were just written and are on the disk are cloned by the calling thread', async () => {
        const { place, filesIn } = setUp();
        execFileSync('sync', ['-f', mounted.path]);
        expect((await place()).methods).toEqual({ ficlone: { files: FILES, bytes: FILES * BYTES } });
        expect(started).toBe(0);
        expect(filesIn('to')).toEqual(filesIn('from'));
      });
    }

    test.each([
      ['that were just written', 0, {}],
      ['that shall not be cloned', 2 * HALF_A_MINUTE, { reflink: 'never' as const }],
    ])('%s are left to workers', async (_what, ms, options) => {
      const { place, filesIn } = setUp();
      later(ms);
      expect((await place(options)).files).toBe(FILES);
      expect(started).toBe(1);
      expect(filesIn('to')).toEqual(filesIn('from'));
    });

    test('of many bytes are left to as many workers as may take part', async () => {
      const { place, filesIn } = setUp(MANY);
      expect((await place({ reflink: 'never' })).files).toBe(MANY);
      expect(started).toBe(2);
      expect(filesIn('to')).toEqual(filesIn('from'));
    });

    if (!clones) {
      describe('copied by the calling thread', () => {
        /** Each time the copy reads the clock, its slice has ended. */
        const hurried = () => {
          let now = performance.now();
          vi.spyOn(performance, 'now').mockImplementation(() => (now += 100));
        };
        const large = { files: 1, bytes: 20_000_000 };
        const setUpOne = (bytes = large.bytes) => {
          const { cwd, ...rest } = setUp(0);
          mkdirSync(join(cwd, 'from'), { recursive: true });
          writeFileSync(join(cwd, 'from', 'large'), Buffer.alloc(bytes, 'l'));
          later(2 * HALF_A_MINUTE);
          return { cwd, ...rest };
        };
        let looking: NodeJS.Immediate;
        afterEach(() => clearImmediate(looking));
        /** Calls `act` once, between two slices. Returns the sizes that the copy had between slices. */
        const betweenSlices = (cwd: string, act = () => {}) => {
          const sizes = new Set<number>();
          const look = () => {
            const { size } = statSync(join(cwd, 'to/large'), { throwIfNoEntry: false }) ?? { size: 0 };
            if (size > 0 && size < large.bytes) {
              if (sizes.size === 0) act();
              sizes.add(size);
            }
            looking = setImmediate(look);
          };
          looking = setImmediate(look);
          return sizes;
        };

        test.each<[string, CopyOptions]>([
          ['', {}],
          [', also where no worker may help', { preserve: ['mode', 'timestamps', 'links'] }],
        ])('in slices, between which others have their turn%s', async (_how, options) => {
          const { cwd, place, filesIn } = setUpOne();
          hurried();
          const sizes = betweenSlices(cwd);
          expect((await place(options)).methods).toEqual({ copy_file_range: large });
          // 20 MB are copied in parts of 4 MiB.
          expect(sizes.size).toBe(4);
          expect(started).toBe(0);
          expect(filesIn('to')).toEqual(filesIn('from'));
        });

        test('without a worker, also one of 80 MB', async () => {
          const { place, filesIn } = setUpOne(80_000_000);
          const { methods } = await place();
          expect(methods).toEqual({ copy_file_range: { files: 1, bytes: 80_000_000 } });
          expect(started).toBe(0);
          expect(filesIn('to')).toEqual(filesIn('from'));
        });

        test('and ended between two slices, leave nothing behind', async () => {
          const { cwd, place } = setUpOne();
          const controller = new AbortController();
          hurried();
          const sizes = betweenSlices(cwd, () => controller.abort());
          await expect(place({ signal: controller.signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
          expect([sizes.size, started]).toEqual([1, 0]);
          expect(readdirSync(join(cwd, 'to'))).toEqual([]);
        });

        test('whose source changes between two slices, are copied once more', async () => {
          const { cwd, place, filesIn } = setUpOne();
          hurried();
          const sizes = betweenSlices(cwd, () => appendFileSync(join(cwd, 'from/large'), 'and more'));
          expect((await place()).files).toBe(1);
          expect(filesIn('to')).toEqual(filesIn('from'));
          expect(sizes.size).toBeGreaterThan(0);
          expect(started).toBe(0);
        });
      });
    }

    test('that are ours are replaced as such, also when the calling thread could not', async () => {
      const { cwd, place, filesIn } = setUp();
      const options = { manifest: join(cwd, 'manifest'), overwrite: 'error' as const };
      later(2 * HALF_A_MINUTE);
      await place(options);
      for (const [path] of filesIn('from')) writeFileSync(join(cwd, 'from', path), Buffer.alloc(BYTES, path));
      expect((await place(options)).files).toBe(FILES);
      expect(filesIn('to')).toEqual(filesIn('from'));
      const left = readdirSync(join(cwd, 'to'), { recursive: true });
      expect(left.filter((name) => String(name).endsWith('.tmp'))).toEqual([]);
    });
  });
});
