import os from 'node:os';
import { expect, test } from 'vitest';
import { notLinux, orSkipped } from '../../../test/support/skip.ts';
import { errorReason, LINUX_ERRORS, systemError } from './errors.ts';

test.each(['ENOTSUP', 'EOPNOTSUPP'] as const)('%s speaks of no socket where a file is copied', (name) => {
  const { message } = systemError(os.constants.errno[name], {
    source: '/a',
    destination: '/b',
    method: 'ficlone',
  });
  expect(message).toMatch(
    /^Cannot copy "\/a" to "\/b": (ENOTSUP|EOPNOTSUPP): operation not supported \(ficlone\)$/,
  );
});

test.each([
  ['unlink', 'Cannot delete'],
  ['rmdir', 'Cannot delete'],
  ['scandir', 'Cannot read'],
  ['open', 'Cannot write'],
])('the error of %s in the destination begins with %j', (syscall, begin) => {
  const { message } = systemError(os.constants.errno.EACCES, { destination: '/b', syscall });
  expect(message).toBe(`${begin} "/b": EACCES: permission denied (${syscall})`);
});

test('a number that libuv has no words for keeps those of the system', () => {
  expect(systemError(os.constants.errno.ESTALE, {}).message).toBe('Cannot copy: ESTALE: stale file handle');
});

test.skipIf(notLinux).each([
  [117, 'EUCLEAN: the filesystem is damaged; unmount it, and repair it with fsck'],
  [123, 'ENOMEDIUM: no medium found'],
  [126, 'ENOKEY: the file is encrypted, and its key is not available'],
])(
  orSkipped('the number %i of Linux, which Node.js does not name, has a code and words', notLinux),
  (errno, described) => {
    const error = systemError(errno, { source: '/a', syscall: 'open' });
    expect(error.message).toBe(`Cannot copy "/a": ${described} (open)`);
    expect(described).toContain(`${error.code}: `);
  },
);

test.skipIf(notLinux)(orSkipped('each number that Node.js does not name has words', notLinux), () => {
  const without = Object.entries(LINUX_ERRORS).filter(
    ([, errno]) => errorReason(errno) === 'the system refused',
  );
  expect(without).toEqual([]);
});
