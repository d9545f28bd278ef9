import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CopyOptions } from '../../packages/core/src/options.ts';
import { PAIR } from '../../packages/core/src/platform/posix/errors.ts';
import { FileStatus } from '../../packages/core/src/platform/status.ts';
import {
  ANY_DEVICE,
  CLONED_NEW,
  COPIED_NEW,
  type Directory,
  NOT_COPIED,
} from '../../packages/core/src/platform/system.ts';
import { errnoOf } from './injected.ts';
import { ERRNOS, type Lane, MODE, NewFiles, type Shared, watch } from './new-file.ts';

/** The cases that the fast path of every system passes. */
export function testNewFiles<Bindings extends Shared>(lane: Lane<Bindings>): NewFiles<Bindings> {
  const files = new NewFiles(lane);
  const ways = [
    { how: 'cloned', clones: true, answer: CLONED_NEW },
    { how: 'copied', clones: false, answer: COPIED_NEW },
  ] as const;

  test.each(ways)('leaves what the careful path leaves: $how', ({ clones, answer }) => {
    const { left } = files.expectSameOutcome(() => files.system(clones), [answer]);
    expect(left).toEqual([{ name: 'file', mode: BigInt(0o100000 | MODE), size: 3000n, hasTimes: true }]);
    expect(fs.readFileSync(files.destination).equals(files.content)).toBe(true);
  });

  describe.each(ways)('a file that is $how', ({ clones, how }) => {
    const rows = lane.calls
      .filter(({ of }) => of === undefined || of === how)
      .flatMap((call) => ERRNOS.map((errno) => ({ call: call.name, errno, fail: call })));

    test.each(rows)('has one outcome on both paths when $call answers $errno', ({ errno, fail }) => {
      const number = errnoOf(errno);
      const answer = fail.clones && PAIR.has(number) ? COPIED_NEW : NOT_COPIED;
      files.expectSameOutcome(() => lane.system(files.bindings(clones, fail, number)), [answer]);
    });
  });

  test('leaves a file that says it is empty, as those of /proc do, to the careful path', () => {
    files.write('file', '');
    const { system, answers } = watch(files.system(true));
    expect(files.copy(system).error).toBeUndefined();
    expect(answers).toEqual([NOT_COPIED]);
    expect(fs.statSync(files.destination).size).toBe(0);
  });

  test('leaves a source that changes while it is copied to the careful path, which copies it again', () => {
    let reads = 0;
    const changed = files.content.toReversed();
    const { system, answers } = watch(
      files.system(
        false,
        (real) =>
          ({
            read(fd: number, buffer: Uint8Array, size: number) {
              const got = real.read(fd, buffer, size);
              if (got > 0 && ++reads === 2) files.write('file', changed);
              return got;
            },
          }) as Partial<Bindings>,
      ),
    );
    expect(files.copy(system).error).toBeUndefined();
    expect(answers).toEqual([NOT_COPIED]);
    expect(fs.readFileSync(files.destination).equals(changed)).toBe(true);
  });

  test('leaves a directory that took the place of its source to the careful path, and makes nothing', () => {
    const source = path.join(files.home, 'from/file');
    let created = 0;
    const { system, answers } = watch(
      files.system(
        false,
        (real) =>
          ({
            openat(at: number, name: string, flags: number, mode: number) {
              // Only what is created has a mode.
              if (name === 'file' && mode !== 0) created++;
              if (name === 'file' && fs.statSync(source).isFile()) {
                fs.rmSync(source);
                fs.mkdirSync(source);
                fs.writeFileSync(path.join(source, 'within'), '');
              }
              return real.openat(at, name, flags, mode);
            },
          }) as Partial<Bindings>,
      ),
    );
    expect(files.copy(system).error).toMatchObject({ code: 'ERR_NOT_REGULAR', source });
    expect(answers).toEqual([NOT_COPIED]);
    expect(created).toBe(0);
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
        system.copyNewFile!(from!.fd, 'file', into!.fd, as, limit, device, clones, source, destination);
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

  test('deletes nothing that has taken the place of what it made', () => {
    const { destination } = files;
    const deleted: string[] = [];
    const { system, answers } = watch(
      files.system(
        false,
        (real) =>
          ({
            unlinkat(directory: number, name: string, flags: number) {
              deleted.push(String(name));
              return real.unlinkat(directory, name, flags);
            },
            futimens(fd: number, times: Uint32Array) {
              if (fs.readlinkSync(`/proc/self/fd/${fd}`) !== destination) return real.futimens(fd, times);
              fs.renameSync(destination, `${destination}.moved`);
              fs.writeFileSync(destination, 'theirs');
              return -errnoOf('EIO');
            },
          }) as Partial<Bindings>,
      ),
    );
    files.copy(system, { overwrite: true });
    expect(answers).toEqual([NOT_COPIED]);
    // The careful path replaces it by a rename, as `overwrite: true` says.
    expect(deleted).not.toContain('file');
    expect(fs.readFileSync(destination).equals(files.content)).toBe(true);
    expect(fs.existsSync(`${destination}.moved`)).toBe(true);
  });

  test.each<[string, CopyOptions]>([
    ['atomic', { atomic: true }],
    ['overwrite: false', { overwrite: false }],
    ["overwrite: 'error'", { overwrite: 'error' }],
    ["reflink: 'never'", { reflink: 'never' }],
    ["cache: 'bypass'", { cache: 'bypass' }],
    ["durability: 'file'", { durability: 'file' }],
    ['other attributes', { preserve: ['mode', 'timestamps', 'xattr'] }],
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

  test('is taken for each file beside a link, and the link is not', () => {
    fs.symlinkSync('file', path.join(files.home, 'from/link'));
    files.write('other', files.content);
    const { system, answers } = watch(files.system(false));
    expect(files.copy(system, { symlinks: 'keep' }).tally).toMatchObject({ files: 3, links: 1 });
    expect(answers).toEqual([COPIED_NEW, COPIED_NEW]);
  });

  return files;
}
