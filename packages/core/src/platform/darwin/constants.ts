/**
 * Constants of Darwin's headers, by their names in C; the same on x86-64 and arm64. Error numbers are not among them,
 * because those of the running system are used.
 */
export const constants = {
  // <fcntl.h>
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_NONBLOCK: 0x4,
  O_NOFOLLOW: 0x100,
  O_CREAT: 0x200,
  O_EXCL: 0x800,
  O_NOCTTY: 0x2_0000,
  O_DIRECTORY: 0x10_0000,
  O_CLOEXEC: 0x100_0000,
  AT_FDCWD: -2,
  AT_SYMLINK_NOFOLLOW: 0x20,
  AT_REMOVEDIR: 0x80,
  F_PREALLOCATE: 42,
  F_NOCACHE: 48,
  F_FULLFSYNC: 51,
  F_BARRIERFSYNC: 85,
  F_ALLOCATECONTIG: 2,
  F_ALLOCATEALL: 4,
  F_PEOFPOSMODE: 3,
  // <unistd.h>
  SEEK_SET: 0,
  // <sys/stat.h>
  UF_IMMUTABLE: 2,
  UF_APPEND: 4,
  SF_IMMUTABLE: 0x2_0000,
  SF_APPEND: 0x4_0000,
  // <sys/stdio.h>
  RENAME_EXCL: 4,
  // <sys/clonefile.h>
  CLONE_NOFOLLOW: 1,
  CLONE_NOOWNERCOPY: 2,
  CLONE_ACL: 4,
  // <copyfile.h>
  COPYFILE_ACL: 1,
  COPYFILE_XATTR: 4,
  COPYFILE_DATA: 8,
  // <sys/attr.h>
  ATTR_BIT_MAP_COUNT: 5,
  ATTR_VOL_INFO: 0x8000_0000,
  ATTR_VOL_CAPABILITIES: 0x2_0000,
  VOL_CAPABILITIES_INTERFACES: 1,
  VOL_CAP_INT_CLONE: 0x1_0000,
} as const;

/** Sizes of structures and offsets of the members that are used, in bytes. */
export const layouts = {
  'struct stat': {
    size: 144,
    st_dev: 0,
    st_mode: 4,
    st_ino: 8,
    st_uid: 16,
    st_gid: 20,
    st_rdev: 24,
    st_atimespec: 32,
    st_mtimespec: 48,
    st_ctimespec: 64,
    st_size: 96,
    st_blocks: 104,
    st_flags: 116,
  },
  'struct timespec': { size: 16, tv_sec: 0, tv_nsec: 8 },
  'struct statfs': { size: 2168, f_fstypename: 72, f_mntonname: 88, f_mntfromname: 1112 },
  fstore_t: {
    size: 32,
    fst_flags: 0,
    fst_posmode: 4,
    fst_length: 16,
  },
  'struct attrlist': { size: 24, bitmapcount: 0, volattr: 8 },
  vol_capabilities_attr_t: { size: 32, capabilities: 0, valid: 16 },
} as const;
