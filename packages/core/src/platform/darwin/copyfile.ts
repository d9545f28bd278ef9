import { EINVAL } from '../errno.ts';
import { classifyCopyfile } from '../posix/errors.ts';
import { isDense } from '../posix/segments.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

/**
 * Copies dense files by fcopyfile(3): Apple's own loop past the page cache. Its COPYFILE_DATA_SPARSE, which keeps
 * holes, believes the filesystem about them, and APFS has called data a hole (coreutils/coreutils#68): where there
 * may be holes, reading and writing tells. It tells nothing before the whole file is done, so neither progress nor an
 * abort is seen meanwhile.
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
      // How much that was it does not say: the frame compares with what arrived.
      return result < 0 ? result : status.size;
    },
  };
}
