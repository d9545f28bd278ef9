import { isDense } from '../posix/segments.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';
import { classifyCopyfile } from './errors.ts';

/**
 * Copies by fcopyfile(3): Apple's own loop past the page cache, which keeps holes on request. It tells nothing
 * before the whole file is done, so neither progress nor an abort is seen meanwhile.
 */
export function copyfile(bindings: Bindings): Strategy {
  return {
    method: 'copyfile',
    syscall: 'fcopyfile',
    clones: false,
    creates: false,
    classify: classifyCopyfile,
    run({ source, destination, status }) {
      const flags = isDense(status) ? C.COPYFILE_DATA : C.COPYFILE_DATA | C.COPYFILE_DATA_SPARSE;
      const result = bindings.fcopyfile(source, destination, flags);
      // How much that was it does not say: the frame compares with what arrived.
      return result < 0 ? result : status.size;
    },
  };
}
