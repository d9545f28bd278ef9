import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { errnoOf, pretendToClone } from '../../../../../test/support/injected.ts';
import { type Call, watch } from '../../../../../test/support/new-file.ts';
import { ARCHIVE } from '../../../../../test/support/new-file-cases.ts';
import {
  cloningCall,
  failingByFd,
  sharedCalls,
  testPosixNewFiles,
} from '../../../../../test/support/posix-new-file.ts';
import { notLinux, notRoot, orSkipped } from '../../../../../test/support/skip.ts';
import { ENODATA, EOPNOTSUPP } from '../errno.ts';
import { CLONED_NEW, NOT_COPIED } from '../system.ts';
import { type Bindings, loadBindings } from './bindings.ts';
import { AT_EMPTY_PATH, AT_FDCWD, O_CREAT, O_RDONLY } from './constants.ts';
import { linuxSystem } from './linux.ts';

const calls: Call<Bindings>[] = [
  ...sharedCalls<Bindings>(O_CREAT),
  cloningCall('ioctl'),
  {
    name: 'statx of an open file',
    fail: (real, isOurs, errno) => ({
      statx: (fd, name, flags, mask, into) =>
        flags & AT_EMPTY_PATH && isOurs(fd) ? -errno : real.statx(fd, name, flags, mask, into),
    }),
  },
];

const isRoot = notRoot === undefined;

/** Gives a file an extended attribute, setuid and setgid, and as root also another owner and group. */
function prepare(file: string): void {
  const { openat, fsetxattr, close } = loadBindings();
  if (isRoot) fs.chownSync(file, 1, 2);
  fs.chmodSync(file, 0o6626);
  const fd = openat(AT_FDCWD, file, O_RDONLY, 0);
  const value = Buffer.from('somewhere');
  const result = fsetxattr(fd, 'user.origin', value, value.length, 0);
  close(fd);
  if (result < 0) throw new Error(`${file} cannot have an extended attribute: ${result}`);
}

function originOf(file: string): string {
  const { openat, fgetxattr, close } = loadBindings();
  const fd = openat(AT_FDCWD, file, O_RDONLY, 0);
  const value = Buffer.alloc(100);
  const length = fgetxattr(fd, 'user.origin', value, value.length);
  close(fd);
  return value.toString('utf8', 0, length);
}

/** The calls for the attributes of `cp -a`. The owner is set only if the file belongs to another user. */
const archiveCalls: Call<Bindings>[] = [
  { name: 'flistxattr', copies: (errno) => errno === EOPNOTSUPP, fail: failingByFd('flistxattr') },
  { name: 'fgetxattr', copies: (errno) => errno === ENODATA, fail: failingByFd('fgetxattr') },
  { name: 'fsetxattr', fail: failingByFd('fsetxattr') },
  ...(isRoot ? [{ name: 'fchown', fail: failingByFd<'fchown', Bindings>('fchown') }] : []),
];

describe.skipIf(notLinux)(orSkipped('the fast path of a new file (Linux)', notLinux), () => {
  const files = testPosixNewFiles({
    place: os.tmpdir,
    real: (clones) => ({ ...loadBindings(), ioctl: clones ? pretendToClone : () => -errnoOf('EOPNOTSUPP') }),
    system: linuxSystem,
    calls,
    archive: { prepare, calls: archiveCalls },
  });
  const at = (...names: string[]) => path.join(files.home, ...names);
  const copyArchive = () => {
    const { system, answers } = watch(files.system(true));
    const { error, tally } = files.copy(system, ARCHIVE);
    expect(error).toBeUndefined();
    return { answers, tally };
  };

  test('carries over what cp -a carries over', () => {
    prepare(at('from/file'));
    expect(copyArchive().answers).toEqual([CLONED_NEW]);
    const [source, copy] = [at('from/file'), files.destination].map((file) => fs.statSync(file));
    const attributes = ({ mode, uid, gid, size, mtimeMs }: fs.Stats) => ({ mode, uid, gid, size, mtimeMs });
    expect(attributes(copy!)).toEqual(attributes(source!));
    expect(originOf(files.destination)).toBe('somewhere');
  });

  test('copies a file of several names once, and leaves the others to the careful path, which links them', () => {
    fs.linkSync(at('from/file'), at('from/second'));
    fs.linkSync(at('from/file'), at('elsewhere'));
    files.write('single', files.content);
    const { answers, tally } = copyArchive();
    expect(answers).toEqual([CLONED_NEW, NOT_COPIED, CLONED_NEW]);
    expect(tally.methods).toEqual({ ficlone: { files: 3, bytes: 9000 }, hard_link: { files: 1, bytes: 0 } });
    expect(fs.statSync(files.destination).ino).toBe(fs.statSync(at('out/from/second')).ino);
  });

  test.skipIf(notRoot)(
    orSkipped('gives files their group also where a directory gives them its own', notRoot),
    () => {
      fs.chownSync(files.home, 0, 5);
      fs.chmodSync(files.home, 0o2755);
      for (const name of ['from/file', 'first/first']) fs.chownSync(at(name), 0, 0);
      for (const name of ['other', 'third']) files.write(name, files.content);
      for (const name of ['from/other', 'from/third']) fs.chownSync(at(name), 0, 0);
      // Copying the first file shows that new files have another group.
      expect(copyArchive().answers).toEqual([CLONED_NEW, CLONED_NEW, CLONED_NEW]);
      for (const name of ['file', 'other', 'third']) expect(fs.statSync(at('out/from', name)).gid).toBe(0);
    },
  );
});
