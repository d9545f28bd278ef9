import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CopyOptions } from '../../packages/core/src/options.ts';
import { FileStatus } from '../../packages/core/src/platform/status.ts';
import {
  ANY_DEVICE,
  CLONED_NEW,
  COPIED_NEW,
  type Directory,
  NOT_COPIED,
} from '../../packages/core/src/platform/system.ts';
import { ATTRIBUTES } from '../../packages/core/src/schema.ts';
import { type Lane, NewFiles, USUAL, watch } from './new-file.ts';

/** The options that make a copy like `cp -a`. */
export const ARCHIVE: CopyOptions = { symlinks: 'keep', preserve: ATTRIBUTES };

/** Tests the cases that the fast path of every system has to pass. */
export function testNewFiles<Bindings>(lane: Lane<Bindings>): NewFiles<Bindings> {
  const files = new NewFiles(lane);
  const copied = { how: 'copied', clones: false, answer: COPIED_NEW };
  const ways = lane.clones ? [{ how: 'cloned', clones: true, answer: CLONED_NEW }, copied] : [copied];

  test.each(ways)('leaves what the careful path leaves: $how', ({ clones, answer }) => {
    const { left } = files.expectSameOutcome(() => files.system(clones), [answer]);
    expect(left).toMatchObject([
      { name: 'file', mode: BigInt(0o100000 | lane.mode), size: 3000n, hasTimes: true },
    ]);
    expect(fs.readFileSync(files.destination).equals(files.content)).toBe(true);
  });

  const wayWith = (options: CopyOptions, archive?: (typeof lane)['archive']) =>
    (options.reflink === 'always' ? ways.slice(0, 1) : ways).map((way) => ({
      ...way,
      options,
      archive,
      as: JSON.stringify(options),
    }));
  const allWays = [
    ...wayWith({}),
    ...(lane.archive ? [...wayWith(ARCHIVE, lane.archive), ...wayWith({ reflink: 'always' })] : []),
  ];

  describe.each(allWays)('a file that is $how, with $as', ({ clones, how, answer, options, archive }) => {
    beforeEach(() => archive?.prepare(path.join(files.home, 'from', 'file')));

    test('is left as the careful path leaves it', () => {
      files.expectSameOutcome(() => files.system(clones), [answer], options);
    });

    const rows = [...lane.calls, ...(archive?.calls ?? [])]
      .filter(({ of }) => of === undefined || of === how)
      .flatMap((call) =>
        lane.errors.map(({ name, errno }) => ({ call: call.name, name, errno, failing: call })),
      );

    test.each(rows)('has one outcome on both paths when $call answers $name', ({ errno, failing }) => {
      const copies = failing.copies?.(errno) && !(failing.clones && options.reflink === 'always');
      const copied = failing.clones ? COPIED_NEW : answer;
      files.expectSameOutcome(
        () => lane.system(files.bindings(clones, failing, errno)),
        [copies ? copied : NOT_COPIED],
        options,
      );
    });
  });

  test('leaves a file that was just written and whose times cannot be set to the careful path', () => {
    const now = new Date();
    fs.utimesSync(path.join(files.home, 'from', 'file'), now, now);
    const setting = lane.calls.find(({ setsTimes }) => setsTimes)!;
    const { errno } = lane.errors.find(({ name }) => name === 'EIO')!;
    const { code } = files.expectSameOutcome(
      () => lane.system(files.bindings(false, setting, errno)),
      [NOT_COPIED],
    );
    expect(code).toBe('EIO');
  });

  test('leaves a file that says it is empty, as those of /proc do, to the careful path', () => {
    files.write('file', '');
    const { system, answers } = watch(files.system(lane.clones));
    expect(files.copy(system).error).toBeUndefined();
    expect(answers).toEqual([NOT_COPIED]);
    expect(fs.statSync(files.destination).size).toBe(0);
  });

  test.each(ways)(
    'copies a file of at most so many bytes, and of that device: $how',
    ({ clones, answer }) => {
      const system = files.system(clones);
      const to = path.join(files.home, 'to');
      fs.mkdirSync(to);
      const [from, into] = [path.join(files.home, 'from'), to].map(
        (directory) => system.openDirectory(directory) as Directory,
      );
      const [source, destination] = [new FileStatus(), new FileStatus()];
      const copyAs = (as: string, limit: number, device: number) =>
        system.copyNewFile!(from!, 'file', into!, as, limit, device, clones, USUAL, source, destination);
      expect(copyAs('file', 3000, ANY_DEVICE)).toBe(answer);
      expect(source.isSameFile(destination)).toBe(false);
      expect([source.size, destination.size]).toEqual([3000, 3000]);
      expect(copyAs('same', 3000, source.device)).toBe(answer);
      expect(copyAs('other', 3000, source.device + 1)).toBe(NOT_COPIED);
      expect(copyAs('larger', 2999, ANY_DEVICE)).toBe(NOT_COPIED);
      expect(copyAs('same', 3000, ANY_DEVICE)).toBe(NOT_COPIED);
      for (const directory of [from!, into!]) system.closeDirectory(directory);
      expect(fs.readdirSync(to).sort()).toEqual(['file', 'same']);
    },
  );

  test.each<[string, CopyOptions]>([
    ['atomic', { atomic: true }],
    ['overwrite: false', { overwrite: false }],
    ["overwrite: 'error'", { overwrite: 'error' }],
    ["reflink: 'never'", { reflink: 'never' }],
    ["pageCache: 'bypass'", { pageCache: 'bypass' }],
    ["durability: 'file'", { durability: 'file' }],
    ['other attributes', { preserve: ['mode', 'timestamps', 'special'] }],
    ['fewer attributes', { preserve: ['mode'] }],
  ])('is not taken with %s', (_title, options) => {
    const { system, answers } = watch(files.system(false));
    expect(files.copy(system, options).error).toBeUndefined();
    expect(answers).toEqual([]);
    expect(fs.readFileSync(files.destination).equals(files.content)).toBe(true);
  });

  test('is not taken into a directory that was there before', () => {
    fs.mkdirSync(path.dirname(files.destination), { recursive: true });
    const { system, answers } = watch(files.system(false));
    expect(files.copy(system).error).toBeUndefined();
    expect(answers).toEqual([]);
  });

  return files;
}
