import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import { constants } from '../../packages/core/src/platform/darwin/constants.ts';
import { type Outcome, testOutcomes } from '../support/error-outcomes.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { errnoOf, openDescriptors } from '../support/injected.ts';
import type { Copied } from '../support/system-bench.ts';
import { Bench, describeMacos, type Overrides } from './double.ts';

/** Large enough for fcopyfile where files cannot be cloned, and no multiple of a page. */
const content = randomBytes(300_001);

interface Subject {
  method: string;
  settings: Partial<TransferSettings>;
  /** Answers with an error number as often as wanted, then as the double does. */
  failing: (errno: number, times: number) => Overrides;
  /** The method that takes over. */
  next: string | undefined;
}

const fail = <Args extends unknown[]>(
  errno: number,
  times: number,
  real: (...args: Args) => number,
  when: (...args: Args) => boolean = () => true,
) => {
  let left = times;
  return (...args: Args): number => (when(...args) && left-- > 0 ? -errno : real(...args));
};

const noClone = { fclonefileat: () => -errnoOf('ENOTSUP') };
const never = { reflink: 'never' } as const;
const bypass = { ...never, pageCache: 'bypass' } as const;

const clonefile: Subject = {
  method: 'clonefile',
  settings: {},
  failing: (errno, times) => (real) => ({ fclonefileat: fail(errno, times, real.fclonefileat) }),
  next: 'copyfile',
};
const copyfile: Subject = {
  method: 'copyfile',
  settings: {},
  failing: (errno, times) => (real) => ({ ...noClone, fcopyfile: fail(errno, times, real.fcopyfile) }),
  next: 'read_write',
};
const nocacheSwitch: Subject = {
  method: 'nocache',
  settings: bypass,
  failing: (errno, times) => (real) => ({
    fcntl: fail(errno, times, real.fcntl, (_fd, command, on) => command === constants.F_NOCACHE && on === 1),
  }),
  next: 'read_write',
};
const nocacheRead: Subject = {
  ...nocacheSwitch,
  failing: (errno, times) => (real) => ({ read: fail(errno, times, real.read) }),
};
const nocacheWrite: Subject = {
  ...nocacheSwitch,
  failing: (errno, times) => (real) => ({ write: fail(errno, times, real.write) }),
};
const read: Subject = { ...nocacheRead, method: 'read_write', settings: never, next: undefined };
const write: Subject = { ...nocacheWrite, method: 'read_write', settings: never, next: undefined };

const full = ['ENOSPC', 'EDQUOT', 'EIO', 'ENOMEM', 'EROFS', 'EMFILE', 'ENFILE', 'ESTALE', 'EDEADLK', 'EFBIG'];
const broken = [...full, 'ENAMETOOLONG', 'ELOOP', 'ENOTDIR'];
const unable = ['EXDEV', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'ENOTTY'];
const refused = ['EINVAL', 'EPERM', 'EACCES', 'ETXTBSY', 'EBADF', 'ENOENT', 'EISDIR', 'EOVERFLOW'];

const table: [name: string, subject: Subject, outcome: Outcome, errnos: string[]][] = [
  ['fclonefileat', clonefile, 'pair', unable],
  ['fclonefileat', clonefile, 'file', refused],
  ['fclonefileat', clonefile, 'retry', ['EAGAIN', 'EINTR']],
  ['fclonefileat', clonefile, 'fatal', [...broken, 'EEXIST']],
  // The engine keeps no memory of this one: asking costs one call for a large file.
  ['fcopyfile', copyfile, 'file', [...unable, ...refused, 'EAGAIN']],
  ['fcopyfile', copyfile, 'retry', ['EINTR']],
  ['fcopyfile', copyfile, 'fatal', broken],
  ['fcntl(F_NOCACHE)', nocacheSwitch, 'file', ['EINVAL', ...unable]],
  ['fcntl(F_NOCACHE)', nocacheSwitch, 'fatal', ['EBADF', 'EIO']],
  ['read past the cache', nocacheRead, 'file', ['EINVAL', ...unable]],
  ['read past the cache', nocacheRead, 'retry', ['EINTR']],
  ['read past the cache', nocacheRead, 'fatal', [...broken, 'EPERM', 'EACCES', 'EBADF']],
  ['write past the cache', nocacheWrite, 'file', ['EINVAL', ...unable]],
  ['write past the cache', nocacheWrite, 'fatal', broken],
  ['read', read, 'retry', ['EINTR']],
  ['read', read, 'fatal', [...broken, ...unable, ...refused, 'EAGAIN']],
  ['write', write, 'fatal', [...broken, ...unable, ...refused, 'EAGAIN']],
];

const rows = table.flatMap(([name, subject, outcome, errnos]) =>
  errnos.map((errno) => ({ name, subject, outcome, errno })),
);

describeMacos('an error number of a function', ['btrfs'], () => {
  let btrfs: MountedFilesystem;
  beforeAll(() => {
    btrfs = mountFilesystem('btrfs');
  });
  afterAll(() => btrfs?.unmount());

  testOutcomes(rows, content, copies);

  test.each(
    rows.filter(({ outcome, subject }) => outcome === 'retry' && subject.next && subject !== nocacheRead),
  )('$errno from $name without end hands over to the next strategy', ({ subject, errno }) => {
    copies(subject, errno, Number.POSITIVE_INFINITY, (bench, copy) => {
      expect(copy('new')).toEqual({ method: subject.next, bytes: content.length });
      expect(bench.read('new').equals(content)).toBe(true);
    });
  });

  /** Runs `steps` on a bench, and sees that no descriptor stays open. */
  function copies(
    subject: Subject,
    errno: string,
    times: number,
    steps: (bench: Bench, copy: (name: string) => Copied) => void,
  ): void {
    const places = { source: btrfs.path, destination: btrfs.path };
    using bench = new Bench(subject.failing(errnoOf(errno), times), subject.settings, places);
    const open = openDescriptors();
    steps(bench, (name) => {
      bench.write(name, content);
      return bench.copy(name);
    });
    expect(openDescriptors()).toBe(open);
  }
});
