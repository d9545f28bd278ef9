import os from 'node:os';
import { expect, test } from 'vitest';
import { systemError } from './errors.ts';

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

test('a number that libuv has no words for keeps those of the system', () => {
  expect(systemError(os.constants.errno.ESTALE, {}).message).toBe('Cannot copy: ESTALE: stale file handle');
});
