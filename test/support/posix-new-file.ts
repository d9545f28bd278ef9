import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PAIR } from '../../packages/core/src/platform/posix/errors.ts';
import type { NewFileCalls } from '../../packages/core/src/platform/posix/new-file.ts';
import { COPIED_NEW, NOT_COPIED } from '../../packages/core/src/platform/system.ts';
import { errnoOf, openDescriptors } from './injected.ts';
import { type Call, type Lane, type NewFiles, watch } from './new-file.ts';
import { testNewFiles } from './new-file-cases.ts';

/** The error numbers in the tables of errors, and a few others. */
const ERRNOS: readonly string[] =
  'EACCES EAGAIN EBADF EDEADLK EDQUOT EEXIST EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOSYS ENOTDIR ENOTSUP ENOTTY ENXIO EOVERFLOW EPERM EROFS ESTALE ETXTBSY EXDEV'.split(
    ' ',
  );

/** The calls that Linux and macOS both have. */
type Shared = Pick<NewFileCalls, 'openat' | 'close' | 'read' | 'write' | 'futimens' | 'fchmod' | 'unlinkat'>;

/** A call that fails for the descriptors of the file `file`. */
export const failingByFd =
  <Name extends string, Bindings extends { [name in Name]: (fd: number, ...rest: never[]) => number }>(
    name: Name,
  ): Call<Bindings>['fail'] =>
  (real, isOurs, errno) =>
    ({
      [name]: (fd: number, ...rest: never[]) => (isOurs(fd) ? -errno : real[name](fd, ...rest)),
    }) as unknown as Partial<Bindings>;

/**
 * The calls that both systems make. `O_CREAT` is the system's flag. `of`: only these files are opened for writing.
 */
export function sharedCalls<Bindings extends Shared>(O_CREAT: number, of?: 'copied'): Call<Bindings>[] {
  const opening =
    (creates: boolean): Call<Bindings>['fail'] =>
    (real, _isOurs, errno) =>
      ({
        openat: (at, name, flags, mode) =>
          name === 'file' && ((flags & O_CREAT) !== 0) === creates
            ? -errno
            : real.openat(at, name, flags, mode),
      }) as Partial<Bindings>;
  const closing: Call<Bindings>['fail'] = (real, _isOurs, errno) => {
    const created = new Set<number>();
    return {
      openat(at, name, flags, mode) {
        const fd = real.openat(at, name, flags, mode);
        if (fd >= 0 && name === 'file' && (flags & O_CREAT) !== 0) created.add(fd);
        return fd;
      },
      close(fd) {
        const closed = real.close(fd);
        return created.delete(fd) ? -errno : closed;
      },
    } as Partial<Bindings>;
  };
  return [
    { name: 'openat of the source', fail: opening(false) },
    { name: 'openat of the destination', ...(of && { of }), fail: opening(true) },
    { name: 'read', of: 'copied', fail: failingByFd('read') },
    { name: 'write', of: 'copied', fail: failingByFd('write') },
    { name: 'futimens', ...(of && { of }), setsTimes: true, fail: failingByFd('futimens') },
    { name: 'fchmod', ...(of && { of }), fail: failingByFd('fchmod') },
    { name: 'close of the destination', ...(of && { of }), fail: closing },
  ];
}

/** A call that clones. If it reports that the two devices cannot clone, the fast path copies. */
export function cloningCall<
  Name extends string,
  Bindings extends { [name in Name]: (fd: number, ...rest: never[]) => number },
>(name: Name): Call<Bindings> {
  return { name, of: 'cloned', clones: true, copies: (errno) => PAIR.has(errno), fail: failingByFd(name) };
}

/** Tests the cases that the fast paths of Linux and macOS have to pass. */
export function testPosixNewFiles<Bindings extends Shared>(
  lane: Pick<Lane<Bindings>, 'place' | 'calls' | 'archive' | 'real' | 'system'>,
): NewFiles<Bindings> {
  const files = testNewFiles({
    ...lane,
    clones: true,
    mode: 0o626,
    errors: ERRNOS.map((name) => ({ name, errno: errnoOf(name) })),
    countOpen: openDescriptors,
    track: (real: Bindings, ours) => ({
      ...real,
      openat: (at, name, flags, mode) => {
        const fd = real.openat(at, name, flags, mode);
        const opened = fd >= 0 ? fs.readlinkSync(`/proc/self/fd/${fd}`) : '';
        if (fs.existsSync(opened) && fs.statSync(opened).isFile() && opened.includes('/from/')) ours.add(fd);
        return fd;
      },
      close: (fd) => {
        ours.delete(fd);
        return real.close(fd);
      },
    }),
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

  test('leaves a source whose change time alone changes at every read to the careful path, which compares it', () => {
    const source = path.join(files.home, 'from/file');
    const changeTime = () => fs.statSync(source, { bigint: true }).ctimeNs;
    const { system, answers } = watch(
      files.system(
        false,
        (real) =>
          ({
            read(fd: number, buffer: Uint8Array, size: number) {
              const got = real.read(fd, buffer, size);
              const before = changeTime();
              while (changeTime() === before) fs.chmodSync(source, 0o626);
              return got;
            },
          }) as Partial<Bindings>,
      ),
    );
    const { error, tally } = files.copy(system);
    expect(error).toBeUndefined();
    expect(tally.methods).toMatchObject({ read_write: { files: 2 } });
    expect(answers).toEqual([NOT_COPIED]);
    expect(fs.readFileSync(files.destination).equals(files.content)).toBe(true);
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
              // Only calls that create a file pass a mode.
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

  test('leaves times that a filesystem says it has set and does not keep to the careful path, which tells', () => {
    const { lost } = files.expectSameOutcome(
      () => files.system(false, () => ({ futimens: () => 0 }) as unknown as Partial<Bindings>),
      [NOT_COPIED],
    );
    expect(lost).toMatchObject({ timestamps: { count: 2 } });
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
