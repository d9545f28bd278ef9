import { createFlags, sourceFlags } from '../posix/flags.ts';
import { copyNewFile as copyOver } from '../posix/new-file.ts';
import type { CopyNewFile } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { CLONE_FLAGS } from './clonefile.ts';
import { constants as C } from './constants.ts';
import { statusCalls } from './status.ts';

/**
 * The fast path with the functions of libSystem: files of `cloneFrom` bytes and more are created as clones, others
 * are created and written. A clone has its source's mode (without setuid and setgid), times, extended attributes and
 * flags, and the owner and access control list of any new file, the same as on the careful path. A copy has only the
 * mode and times.
 *
 * Uses `fclonefileat`, because `clonefileat` would clone a link, or a whole directory, that has replaced the file.
 */
export function copyNewFile(bindings: Bindings, cloneFrom: number): CopyNewFile | undefined {
  const { fclonefileat } = bindings;
  const { fstat, fstatat } = statusCalls(bindings);
  return copyOver({
    ...bindings,
    sourceFlags: sourceFlags(C) | C.O_NOFOLLOW,
    createFlags: createFlags(C),
    fstat,
    fstatat: (directory, name, into) => fstatat(directory, name, C.AT_SYMLINK_NOFOLLOW, into),
    cloneAs: (input, directory, name) => fclonefileat(input, directory, name, CLONE_FLAGS),
    cloneFrom,
  });
}
