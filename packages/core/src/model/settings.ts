/**
 * How a file was copied: the name of the system call or API that copied its bytes.
 *
 * - `ficlone`: cloned, both files share their blocks (`ioctl(FICLONE)`)
 * - `copy_file_range`: copied inside the kernel, which may have shared blocks without saying so
 * - `read_write`: copied through a buffer outside the JavaScript heap
 * - `direct`: the same past the page cache (`O_DIRECT`)
 * - `clonefile`: cloned on APFS, both files share their blocks
 * - `copyfile`: copied by macOS's fcopyfile(3)
 * - `nocache`: the same past the page cache (`F_NOCACHE`)
 * - `duplicate_extents`: cloned on ReFS (`FSCTL_DUPLICATE_EXTENTS_TO_FILE`)
 * - `copy_file_ex`: copied by Windows' CopyFileExW, which since Windows 11 24H2 clones by itself where it can
 * - `node_fs`: copied by `node:fs`, where koffi cannot be loaded
 * - `hard_link`: another name for a file that was copied before (`preserve: 'links'`)
 * - `mknod`: a FIFO, a device or a socket was created (`preserve: 'devices'`); it has no bytes
 * - `transform`: the result of a target's `transform` was written; only these files pass through the JavaScript heap
 */
export type Method =
  | 'ficlone'
  | 'copy_file_range'
  | 'read_write'
  | 'direct'
  | 'clonefile'
  | 'copyfile'
  | 'nocache'
  | 'duplicate_extents'
  | 'copy_file_ex'
  | 'node_fs'
  | 'hard_link'
  | 'mknod'
  | 'transform';

/** An attribute of a file that can be preserved besides its bytes. */
export type Attribute =
  | 'mode'
  | 'timestamps'
  | 'ownership'
  | 'links'
  | 'devices'
  | 'special'
  | 'xattr'
  | 'acl';

/** The options each file is copied with. All are set, and they can be sent to a worker thread. */
export interface TransferSettings {
  reflink: 'auto' | 'always' | 'never';
  overwrite: boolean | 'error' | 'changed' | 'older';
  atomic: boolean;
  preserve: readonly Attribute[];
  /** Directories get the attributes in `preserve` too, because the option was given. */
  preserveDirectories: boolean;
  symlinks: 'follow' | 'keep';
  pageCache: 'use' | 'bypass';
  durability: 'none' | 'file' | 'full';
}
