import { EINVAL } from '../errno.ts';
import { classifyCopyfile } from '../posix/errors.ts';
import { isDense } from '../posix/segments.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

/**
 * Copies dense files by fcopyfile(3), Apple's own loop past the page cache. Its COPYFILE_DATA_SPARSE keeps holes, but
 * trusts the filesystem about them, and APFS has reported data as a hole (coreutils/coreutils#68): files that may
 * have holes are left to reading and writing. fcopyfile() reports nothing before the whole file is copied, so there
 * is no progress, and an abort is noticed only after it.
 */
export function copyfile(bindings: Bindings): Strategy {
  return {
    method: 'copyfile',
    syscall: 'fcopyfile',
    clones: false,
    creates: false,
    classify: classifyCopyfile,
    run({ source, destination, status }) {
      if (!isDense(status)) return -EINVAL;
      const result = bindings.fcopyfile(source, destination, C.COPYFILE_DATA);
      // fcopyfile() does not return the number of bytes: Transferrer compares the source's size with the
      // destination's.
      return result < 0 ? result : status.size;
    },
  };
}
