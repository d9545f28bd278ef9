import { createFlags, sourceFlags } from '../posix/flags.ts';
import { copyNewFile as copyOver } from '../posix/new-file.ts';
import type { CopyNewFile } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { CLONE_FLAGS } from './clonefile.ts';
import { constants as C } from './constants.ts';
import { statusCalls } from './status.ts';

/**
 * The fast path over the functions of libSystem: a file from `cloneFrom` bytes on comes into being as a clone, others
 * are created and written. A clone has the mode (without setuid and setgid), times, extended attributes and flags of
 * its source, and the owner and access control list of any new file; the careful path leaves it the same. A copy has
 * the mode and times alone.
 *
 * By `fclonefileat`, because `clonefileat` would clone a link, or a whole directory, that took the file's place.
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
