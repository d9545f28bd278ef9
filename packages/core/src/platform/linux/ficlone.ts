import { classifyClone } from '../posix/errors.ts';
import type { Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { FICLONE } from './constants.ts';

/** Shares the source's blocks. Works on btrfs, XFS, bcachefs, OCFS2, overlayfs above them, ZFS, NFS 4.2 and CIFS. */
export function ficlone(bindings: Bindings): Strategy {
  return {
    method: 'ficlone',
    syscall: 'ioctl(FICLONE)',
    clones: true,
    creates: false,
    classify: classifyClone,
    run({ source, destination, status }) {
      const result = bindings.ioctl(destination, FICLONE, source);
      return result < 0 ? result : status.size;
    },
  };
}
