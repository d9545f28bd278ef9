import { EINVAL, EPERM } from '../errno.ts';
import { classifyClone } from '../posix/errors.ts';
import { inC } from '../raw-names.ts';
import { ATTRIBUTES } from '../status.ts';
import type { DirectoryClone, Strategy } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C } from './constants.ts';

// Without CLONE_NOFOLLOW, a link under the destination's name would be written through, even a dangling one. The
// destination is one name in an open directory, so CLONE_NOFOLLOW_ANY would add nothing.
export const CLONE_FLAGS: number = C.CLONE_NOFOLLOW | C.CLONE_NOOWNERCOPY;

/**
 * In bytes. Smaller files are copied by read and write. max-sixty/worktrunk#3150 measured 82 µs for a clone and 56 µs
 * for reading and writing a small file, on one Mac and APFS. A clone takes no space, so one measurement is not enough
 * to give it up. The workflow "Platforms" measures both on macOS (`test/macos/speed.ts`).
 */
export const CLONE_THRESHOLD = 0;

/**
 * Shares the source's blocks, on APFS. A clone is complete or does not exist. It has the source's mode without setuid
 * and setgid, its times and its extended attributes. A locked file is not cloned: its clone would be locked too, so that
 * it could not be renamed.
 *
 * Not by copyfile(3): its COPYFILE_CLONE copies after any failure, a full disk included; its COPYFILE_CLONE_FORCE
 * reports every failure as ENOTSUP; and fcopyfile ignores both.
 */
export function clonefile(bindings: Bindings, { acl }: { acl: boolean }): Strategy {
  /** Whether this macOS knows CLONE_ACL (macOS 13); undefined until a clone has shown it. */
  let knowsAcl: boolean | undefined;

  /**
   * An unknown flag causes EINVAL, but so do other problems: only the same call without the flag shows which it was.
   */
  const withAcl = (clone: (flags: number) => number): number => {
    if (knowsAcl === false) return clone(CLONE_FLAGS);
    const result = clone(CLONE_FLAGS | C.CLONE_ACL);
    if (result >= 0) knowsAcl = true;
    if (result !== -EINVAL || knowsAcl) return result;
    const without = clone(CLONE_FLAGS);
    if (without >= 0) knowsAcl = false;
    return without;
  };

  return {
    method: 'clonefile',
    syscall: 'fclonefileat',
    clones: true,
    creates: true,
    setsAttributes: true,
    classify: classifyClone,
    run({ source, destinationDirectory, destinationName, status }) {
      if (status.words[ATTRIBUTES] !== 0) return -EPERM;
      const clone = (flags: number) =>
        bindings.fclonefileat(source, destinationDirectory.fd, inC(destinationName), flags);
      const result = acl ? withAcl(clone) : clone(CLONE_FLAGS);
      return result < 0 ? result : status.size;
    },
  };
}

/** Clones a directory with everything in it, in one call that succeeds completely or does nothing. */
export function cloneDirectory(bindings: Bindings): DirectoryClone {
  return {
    method: 'clonefile',
    syscall: 'clonefileat',
    classify: classifyClone,
    run: (source, name, destination, as) =>
      bindings.clonefileat(source.fd, name, destination.fd, as, CLONE_FLAGS),
  };
}
