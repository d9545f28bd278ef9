import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Outcome, testOutcomes } from '../../../../test/support/error-outcomes.ts';
import {
  Bench,
  type Copied,
  errnoOf,
  type Overrides,
  openDescriptors,
  pretendToClone,
} from '../../../../test/support/injected.ts';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import type { TransferSettings } from '../model/settings.ts';
import type { Bindings } from '../platform/linux/bindings.ts';
import { F_GETFL, O_DIRECT } from '../platform/linux/constants.ts';

/** Large enough for copy_file_range if files cannot be cloned, and not a multiple of a block. */
const content = randomBytes(300_001);

/** Makes a call fail with an error number this many times, and then succeed. */
type Failing = (errno: number, times: number) => Overrides;

interface Subject {
  method: string;
  settings: Partial<TransferSettings>;
  failing: Failing;
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

const noClone = { ioctl: () => -errnoOf('EOPNOTSUPP') };
const isDirect =
  ({ fcntl }: Bindings) =>
  (fd: number) =>
    (fcntl(fd, F_GETFL, 0) & O_DIRECT) !== 0;

const ficlone: Subject = {
  method: 'ficlone',
  settings: {},
  failing: (errno, times) => () => ({ ioctl: fail(errno, times, pretendToClone) }),
  next: 'copy_file_range',
};
const kernelCopy: Subject = {
  method: 'copy_file_range',
  settings: {},
  failing: (errno, times) => (real) => ({
    ...noClone,
    copyFileRange: fail(errno, times, real.copyFileRange),
  }),
  next: 'read_write',
};
const directRead: Subject = {
  method: 'direct',
  settings: { pageCache: 'bypass', reflink: 'never' },
  failing: (errno, times) => (real) => ({ read: fail(errno, times, real.read, isDirect(real)) }),
  next: 'read_write',
};
const directWrite: Subject = {
  ...directRead,
  failing: (errno, times) => (real) => ({ write: fail(errno, times, real.write, isDirect(real)) }),
};
const directSwitch: Subject = {
  ...directRead,
  failing: (errno, times) => (real) => ({ fcntl: fail(errno, times, real.fcntl) }),
};
const read: Subject = {
  method: 'read_write',
  settings: { reflink: 'never' },
  failing: (errno, times) => (real) => ({ read: fail(errno, times, real.read) }),
  next: undefined,
};
const write: Subject = {
  ...read,
  failing: (errno, times) => (real) => ({ write: fail(errno, times, real.write) }),
};

const broken = ['ENOSPC', 'EDQUOT', 'ENOMEM', 'EROFS', 'EMFILE', 'ENFILE', 'ESTALE', 'ENAMETOOLONG', 'ELOOP'];
const unable = ['EXDEV', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY'];
const refused = ['EINVAL', 'EPERM', 'EACCES', 'ETXTBSY', 'EBADF', 'ENOENT', 'EISDIR', 'EOVERFLOW'];

const table: [name: string, subject: Subject, outcome: Outcome, errnos: string[]][] = [
  ['ioctl(FICLONE)', ficlone, 'pair', unable],
  ['ioctl(FICLONE)', ficlone, 'file', refused],
  ['ioctl(FICLONE)', ficlone, 'retry', ['EAGAIN', 'EINTR']],
  ['ioctl(FICLONE)', ficlone, 'fatal', [...broken, 'EIO', 'EFBIG']],
  // The engine does not remember this refusal: trying again costs one system call for a large file.
  ['copy_file_range', kernelCopy, 'file', [...unable, ...refused, 'EIO', 'EFBIG', 'EAGAIN']],
  ['copy_file_range', kernelCopy, 'retry', ['EINTR']],
  ['copy_file_range', kernelCopy, 'fatal', broken],
  ['fcntl(O_DIRECT)', directSwitch, 'file', ['EINVAL', ...unable]],
  ['read past the cache', directRead, 'file', ['EINVAL', ...unable]],
  ['read past the cache', directRead, 'retry', ['EINTR']],
  ['read past the cache', directRead, 'fatal', [...broken, 'EIO', 'EPERM', 'EACCES', 'EBADF']],
  ['write past the cache', directWrite, 'file', ['EINVAL', ...unable]],
  ['write past the cache', directWrite, 'fatal', [...broken, 'EIO', 'EFBIG']],
  ['read', read, 'retry', ['EINTR']],
  ['read', read, 'fatal', [...broken, ...unable, ...refused, 'EIO', 'EAGAIN']],
  ['write', write, 'fatal', [...broken, ...unable, ...refused, 'EIO', 'EFBIG', 'EAGAIN']],
];

const rows = table.flatMap(([name, subject, outcome, errnos]) =>
  errnos.map((errno) => ({ name, subject, outcome, errno })),
);

describe.skipIf(notLinux)(orSkipped('an error number of a system call (Linux)', notLinux), () => {
  testOutcomes(rows, content, copies);

  test.each(rows.filter(({ outcome, subject }) => outcome === 'retry' && subject.next))(
    '$errno from $name without end hands over to the next strategy',
    ({ subject, errno }) => {
      copies(subject, errno, Number.POSITIVE_INFINITY, (bench, copy) => {
        expect(copy('new')).toEqual({ method: subject.next, bytes: content.length });
        expect(bench.read('new').equals(content)).toBe(true);
      });
    },
  );
});

/** Runs `steps` on a bench, and checks that no descriptor stays open. */
function copies(
  subject: Subject,
  errno: string,
  times: number,
  steps: (bench: Bench, copy: (name: string) => Copied) => void,
): void {
  using bench = new Bench(subject.failing(errnoOf(errno), times), subject.settings);
  const open = openDescriptors();
  steps(bench, (name) => {
    bench.write(name, content);
    return bench.copy(name);
  });
  expect(openDescriptors()).toBe(open);
}
