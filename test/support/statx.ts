import * as status from '../../packages/core/src/platform/status.ts';

/** The words of `FileStatus` as offsets in bytes in `struct statx`, by the names of the fields in C. */
export const STATX_LAYOUT: Record<string, number> = {
  size: new status.FileStatus().words.byteLength,
  stx_mask: status.STATX_MASK_WORD * 4,
  stx_attributes: status.ATTRIBUTES * 4,
  stx_nlink: status.LINKS * 4,
  stx_uid: status.UID * 4,
  stx_gid: status.GID * 4,
  stx_mode: status.MODE * 4,
  stx_ino: status.INODE * 4,
  stx_size: status.SIZE * 4,
  stx_blocks: status.BLOCKS * 4,
  stx_attributes_mask: status.ATTRIBUTES_MASK * 4,
  stx_atime: status.ACCESSED * 4,
  stx_ctime: status.CHANGED * 4,
  stx_mtime: status.MODIFIED * 4,
  stx_rdev_major: status.NODE_MAJOR * 4,
  stx_rdev_minor: status.NODE_MINOR * 4,
  stx_dev_major: status.DEVICE_MAJOR * 4,
  stx_dev_minor: status.DEVICE_MINOR * 4,
  stx_dio_offset_align: status.STATX_DIO_OFFSET_ALIGN_WORD * 4,
};
export const STATX_TIMESTAMP_LAYOUT: Record<string, number> = {
  size: 16,
  tv_sec: 0,
  tv_nsec: status.NANOSECONDS * 4,
};
