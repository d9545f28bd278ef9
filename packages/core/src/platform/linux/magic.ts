/** Numbers of filesystems, as `statfs` reports them: from <linux/magic.h> and <linux/gfs2_ondisk.h>. */
export const EXT4_SUPER_MAGIC = 0xef53;
export const BTRFS_SUPER_MAGIC = 0x9123_683e;
export const XFS_SUPER_MAGIC = 0x5846_5342;
export const TMPFS_MAGIC = 0x0102_1994;
export const RAMFS_MAGIC = 0x8584_58f6;
export const OVERLAYFS_SUPER_MAGIC = 0x794c_7630;
export const FUSE_SUPER_MAGIC = 0x6573_5546;
export const NFS_SUPER_MAGIC = 0x6969;
export const CIFS_SUPER_MAGIC = 0xff53_4d42;
export const SMB2_SUPER_MAGIC = 0xfe53_4d42;
export const F2FS_SUPER_MAGIC = 0xf2f5_2010;
export const OCFS2_SUPER_MAGIC = 0x7461_636f;
export const GFS2_MAGIC = 0x0116_1970;
export const CEPH_SUPER_MAGIC = 0x00c3_6400;
export const V9FS_MAGIC = 0x0102_1997;
export const MSDOS_SUPER_MAGIC = 0x4d44;
export const EXFAT_SUPER_MAGIC = 0x2011_bab0;
export const ISOFS_SUPER_MAGIC = 0x9660;
export const SQUASHFS_MAGIC = 0x7371_7368;
export const EROFS_SUPER_MAGIC_V1 = 0xe0f5_e1e2;
export const BCACHEFS_SUPER_MAGIC = 0xca45_1a4e;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x6265_6572;

// Defined by each filesystem itself, in no header that a program can include.
export const ZFS_SUPER_MAGIC = 0x2fc1_2fc1;
export const VBOXSF_SUPER_MAGIC = 0x786f_4256;
export const NTFS_SB_MAGIC = 0x5346_544e;
export const NTFS3_SUPER_MAGIC = 0x7366_746e;
