import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { notLinux, orSkipped } from '../../../../../test/support/skip.ts';
import { FICLONE, ficloneNumber, O_CLOEXEC, O_DIRECT } from './constants.ts';

describe('R24: numbers of ioctl requests follow the architecture', () => {
  test.each(['x64', 'arm64', 'riscv64', 'loong64'])('FICLONE on %s', (arch) => {
    expect(ficloneNumber(arch)).toBe(0x4004_9409);
  });

  test('FICLONE on ppc64', () => {
    expect(ficloneNumber('ppc64')).toBe(0x8004_9409);
  });

  test('the number in use is the one of this architecture', () => {
    expect(FICLONE).toBe(ficloneNumber(process.arch));
  });

  test.skipIf(notLinux)(orSkipped('O_DIRECT is what Node.js was built with', notLinux), () => {
    const known: Record<string, number> = { x64: 0x4000, ia32: 0x4000, arm64: 0x1_0000, arm: 0x1_0000 };
    expect(O_DIRECT).toBe(fs.constants.O_DIRECT);
    if (known[process.arch]) expect(O_DIRECT).toBe(known[process.arch]);
  });

  test.skipIf(notLinux)(orSkipped('a descriptor opened with O_CLOEXEC has the flag', notLinux), () => {
    const descriptor = fs.openSync('/dev/null', fs.constants.O_RDONLY | O_CLOEXEC);
    const flags = /flags:\s+(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'));
    fs.closeSync(descriptor);
    expect(Number.parseInt(flags![1]!, 8) & O_CLOEXEC).toBe(O_CLOEXEC);
  });
});
