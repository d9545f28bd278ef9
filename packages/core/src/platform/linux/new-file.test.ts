import os from 'node:os';
import { describe } from 'vitest';
import { errnoOf, pretendToClone } from '../../../../../test/support/injected.ts';
import type { Call } from '../../../../../test/support/new-file.ts';
import { cloningCall, sharedCalls, testPosixNewFiles } from '../../../../../test/support/posix-new-file.ts';
import { notLinux, orSkipped } from '../../../../../test/support/skip.ts';
import { type Bindings, loadBindings } from './bindings.ts';
import { AT_EMPTY_PATH, O_CREAT } from './constants.ts';
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

describe.skipIf(notLinux)(orSkipped('the fast path of a new file (Linux)', notLinux), () => {
  testPosixNewFiles({
    place: os.tmpdir,
    real: (clones) => ({ ...loadBindings(), ioctl: clones ? pretendToClone : () => -errnoOf('EOPNOTSUPP') }),
    system: linuxSystem,
    calls,
  });
});
