import type { SpecialFiles } from '../system.ts';
import type { PosixBindings } from './bindings.ts';

/** The calls that make special files and change them by name. */
type SpecialFileCalls = Pick<PosixBindings, 'mkfifoat' | 'mknodat' | 'fchmodat' | 'fchownat' | 'utimensat'>;

export function specialFiles(calls: SpecialFileCalls, noFollow: number): SpecialFiles {
  const times = new Uint32Array(8);
  return {
    // Not every libc has mknodat.
    make: ({ fd }, name, status, mode) =>
      status.isFifo
        ? calls.mkfifoat(fd, name, mode)
        : calls.mknodat(fd, name, status.type | mode, status.nodeNumber),
    setMode: ({ fd }, name, mode) => calls.fchmodat(fd, name, mode, noFollow),
    setOwner: ({ fd }, name, { uid, gid }) => calls.fchownat(fd, name, uid, gid, noFollow),
    setTimes: ({ fd }, name, status) => calls.utimensat(fd, name, status.writeTimes(times), noFollow),
  };
}
