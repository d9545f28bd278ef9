import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { CopyOptions, Progress } from '../../packages/core/src/options.ts';
import type { Bindings } from '../../packages/core/src/platform/darwin/bindings.ts';
import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import type { Target } from '../../packages/core/src/target.ts';
import { copyBy } from '../support/copy-by.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { errnoOf, openDescriptors } from '../support/injected.ts';
import { directory, fifo, readTree, writeTree } from '../support/trees.ts';
import { describeMacos, doubleBindings } from './double.ts';

const content = Buffer.alloc(20_000, 'content');
const BYTES = 2 * content.length;

describeMacos('whole directories', ['btrfs', 'xfs'], () => {
  let btrfs: MountedFilesystem;
  let home: string;
  beforeAll(() => {
    btrfs = mountFilesystem('btrfs');
  });
  afterAll(() => btrfs?.unmount());
  beforeEach(() => {
    home = mkdtempSync(join(btrfs.path, 'directories-'));
    writeTree(join(home, 'from'), { 'a/b/file': content, 'a/other': content, empty: directory() });
  });

  /** Copies with `cloneDirectories`, and counts the calls that clone. */
  function run(options: CopyOptions = {}, target: Partial<Target> = {}, overrides: Partial<Bindings> = {}) {
    const real = { ...doubleBindings(), ...overrides };
    const clonefileat = vi.fn(real.clonefileat);
    const fclonefileat = vi.fn(real.fclonefileat);
    const open = openDescriptors();
    const { tally, error } = copyBy(
      darwinSystem({ ...real, clonefileat, fclonefileat }),
      { from: 'from', to: 'deep/to', ...target },
      { cwd: home, cloneDirectories: true, ...options },
    );
    expect(openDescriptors()).toBe(open);
    return { tally, error, whole: clonefileat.mock.calls.length, single: fclonefileat.mock.calls.length };
  }

  const counts = {
    files: 2,
    bytes: BYTES,
    methods: { clonefile: { files: 2, bytes: BYTES } },
    directories: 5,
    links: 0,
  };

  test('are cloned by one call, and the report is that of one by one', () => {
    const { tally, error, whole, single } = run({ entries: true });
    expect(error).toBeUndefined();
    expect([whole, single]).toEqual([1, 0]);
    expect(tally).toMatchObject(counts);
    const {
      tally: singly,
      whole: none,
      single: two,
    } = run({ cloneDirectories: false, entries: true }, { to: 'singly/to' });
    expect([none, two]).toEqual([0, 2]);
    expect(singly).toMatchObject(counts);
    const paths = ({ entries }: typeof tally) =>
      entries.map((entry) => ({ ...entry, destination: entry.destination.replace('singly', 'deep') }));
    expect(paths(tally)).toEqual(expect.arrayContaining(paths(singly)));
    expect(tally.entries).toHaveLength(2);
    expect(sharesExtents(join(home, 'from/a/b/file'), join(home, 'deep/to/a/b/file'))).toBe(true);
    expect(readTree(join(home, 'deep/to'))).toEqual(readTree(join(home, 'from')));
  });

  test('tell of each file', () => {
    const seen: Progress[] = [];
    run({ onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ destination, done, method }) => [destination, done, method]).sort()).toEqual([
      [join(home, 'deep/to/a/b/file'), true, 'clonefile'],
      [join(home, 'deep/to/a/other'), true, 'clonefile'],
    ]);
  });

  test('with links are cloned when links are kept', () => {
    symlinkSync('a', join(home, 'from/link'));
    expect(run({ symlinks: 'keep' })).toMatchObject({
      whole: 1,
      single: 0,
      tally: { ...counts, links: 1 },
    });
    expect(readTree(join(home, 'deep/to')).link).toMatchObject({ type: 'symlink', target: 'a' });
  });

  test('through a link are those it leads to', () => {
    symlinkSync('from', join(home, 'named'));
    expect(run({}, { from: 'named' })).toMatchObject({ whole: 1, tally: counts });
    expect(statSync(join(home, 'deep/to')).isDirectory()).toBe(true);
  });

  test('lose setuid, as single files do', () => {
    chmodSync(join(home, 'from/a/other'), 0o4755);
    run();
    expect((statSync(join(home, 'deep/to/a/other')).mode & 0o7777).toString(8)).toBe('755');
  });

  test.each<[string, CopyOptions, Partial<Target>]>([
    ['ignore', {}, { ignore: 'nothing' }],
    ['filter', {}, { filter: () => true }],
    ['rename', {}, { rename: (path) => path }],
    ['flatten', {}, { flatten: true }],
    ['a manifest', { manifest: 'manifest' }, {}],
    ['durability', { durability: 'file' }, {}],
    ['ownership', { preserve: ['mode', 'timestamps', 'ownership'] }, {}],
    ['setuid', { preserve: ['mode', 'timestamps', 'special'] }, {}],
    ['access control lists', { preserve: ['mode', 'timestamps', 'acl'] }, {}],
    ['no timestamps', { preserve: ['mode'] }, {}],
    ['no mode', { preserve: ['timestamps'] }, {}],
    ['a glob', {}, { from: 'from/**' }],
  ])('are placed one by one with %s', (_title, options, target) => {
    const { error, whole, single } = run(options, target);
    expect(error).toBeUndefined();
    expect([whole, single]).toEqual([0, 2]);
  });

  test('are copied without a clone with reflink never', () => {
    expect(run({ reflink: 'never' })).toMatchObject({ whole: 0, single: 0, tally: { files: 2 } });
  });

  test('with links are placed one by one when links are followed', () => {
    symlinkSync('other', join(home, 'from/a/link'));
    expect(run()).toMatchObject({ whole: 0, single: 3, tally: { files: 3, links: 0 } });
  });

  test('are placed one by one where something is', () => {
    writeTree(join(home, 'deep/to'), { 'a/other': 'old', mine: 'mine' });
    expect(run()).toMatchObject({ whole: 0, single: 2 });
    expect(readdirSync(join(home, 'deep/to')).sort()).toEqual(['a', 'empty', 'mine']);
  });

  test('with a FIFO are refused as ever', () => {
    writeTree(join(home, 'from'), { 'a/fifo': fifo() });
    expect(run()).toMatchObject({
      whole: 0,
      error: { code: 'ERR_NOT_REGULAR', source: join(home, 'from/a/fifo') },
    });
  });

  test('in each other are refused as ever', () => {
    expect(run({}, { to: 'from/a/new' })).toMatchObject({ whole: 0, error: { code: 'ERR_NESTED' } });
    expect(existsSync(join(home, 'from/a/new'))).toBe(false);
  });

  test.each(['ENOTSUP', 'EXDEV', 'EINVAL', 'EPERM', 'EEXIST', 'ENOSYS', 'EACCES'])(
    'are placed one by one after %s',
    (errno) => {
      const { tally, error, whole, single } = run({}, {}, { clonefileat: () => -errnoOf(errno) });
      expect(error).toBeUndefined();
      expect([whole, single]).toEqual([1, 2]);
      expect(tally).toMatchObject(counts);
    },
  );

  test.each(['ENOSPC', 'EIO', 'EDQUOT'])('end the copy with %s, and nothing is left', (errno) => {
    const { error, single } = run({}, {}, { clonefileat: () => -errnoOf(errno) });
    const paths = { source: join(home, 'from'), destination: join(home, 'deep/to') };
    expect(error).toMatchObject({ code: errno, method: 'clonefile', syscall: 'clonefileat', ...paths });
    expect(single).toBe(0);
    expect(readdirSync(join(home, 'deep'))).toEqual([]);
  });

  test('on another volume are placed one by one', () => {
    using xfs = mountFilesystem('xfs');
    const { tally, whole } = run({}, { to: join(xfs.path, 'to') });
    expect(whole).toBe(1);
    expect(tally).toMatchObject({ files: 2, directories: 4, methods: { read_write: { files: 2 } } });
  });

  test('that grow meanwhile are reported as they stand', () => {
    const { clonefileat } = doubleBindings();
    const { tally } = run(
      {},
      {},
      {
        clonefileat(...args) {
          writeFileSync(join(home, 'from/late'), 'late');
          return clonefileat(...args);
        },
      },
    );
    expect(tally).toMatchObject({ files: 3, bytes: BYTES + 4 });
  });

  test.each([false, true])('get the attributes of their source, cloneDirectories: %j', (cloneDirectories) => {
    chmodSync(join(home, 'from/a'), 0o555);
    chmodSync(join(home, 'from/a/b'), 0o700);
    const long = 1_000_000_000;
    utimesSync(join(home, 'from/a/b'), long, long);
    const { error } = run({ cloneDirectories, preserve: ['mode', 'timestamps'] });
    expect(error).toBeUndefined();
    const { mode, mtimeMs } = statSync(join(home, 'deep/to/a/b'));
    expect([mode & 0o7777, mtimeMs]).toEqual([0o700, long * 1000]);
    expect(statSync(join(home, 'deep/to/a')).mode & 0o7777).toBe(0o555);
  });

  test('are private from the start where their source is', () => {
    chmodSync(join(home, 'from/a'), 0o700);
    const { mkdirat } = doubleBindings();
    const made: number[] = [];
    const { error } = run(
      { cloneDirectories: false },
      {},
      { mkdirat: (directory, name, mode) => made.push(mode) && mkdirat(directory, name, mode) },
    );
    expect(error).toBeUndefined();
    expect(made).toContain(0o700);
    expect(statSync(join(home, 'deep/to/a')).mode & 0o7777).toBe(0o700);
  });
});
