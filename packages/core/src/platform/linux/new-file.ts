import { createFlags, sourceFlags } from '../posix/flags.ts';
import { copyNewFile as copyOver } from '../posix/new-file.ts';
import type { CopyNewFile } from '../system.ts';
import type { Bindings } from './bindings.ts';
import * as C from './constants.ts';
import { copyExtendedAttributes } from './xattr.ts';

/** The fast path with Linux's system calls: creates a file, then clones into it or writes it. */
export function copyNewFile(bindings: Bindings): CopyNewFile | undefined {
  const { statx, ioctl } = bindings;
  return copyOver({
    ...bindings,
    sourceFlags: sourceFlags(C) | C.O_NOFOLLOW,
    createFlags: createFlags(C),
    fstat: (fd, { words }) => statx(fd, '', C.AT_EMPTY_PATH, C.STATX_BASIC_STATS, words),
    fstatat: (directory, name, { words }) =>
      statx(directory, name, C.AT_SYMLINK_NOFOLLOW, C.STATX_BASIC_STATS, words),
    cloneInto: (output, input) => ioctl(output, C.FICLONE, input),
    cloneFrom: 0,
    copyAttributes(input, output, wanted) {
      let refused = 0;
      const result = copyExtendedAttributes(bindings, input, output, wanted, (_attribute, errno) => {
        refused = -errno;
      });
      return result < 0 ? result : refused;
    },
  });
}
