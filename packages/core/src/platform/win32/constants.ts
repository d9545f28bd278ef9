/**
 * Constants of <winnt.h>, <winbase.h>, <winioctl.h> and <winternl.h>, by their names there. Plain data:
 * a test compiles them against the real headers.
 */
export const constants = {
  GENERIC_READ: 0x8000_0000,
  GENERIC_WRITE: 0x4000_0000,
  DELETE: 0x0001_0000,
  FILE_READ_ATTRIBUTES: 0x80,
  FILE_WRITE_ATTRIBUTES: 0x100,
  FILE_SHARE_READ: 1,
  FILE_SHARE_WRITE: 2,
  FILE_SHARE_DELETE: 4,
  CREATE_NEW: 1,
  OPEN_EXISTING: 3,
  FILE_FLAG_BACKUP_SEMANTICS: 0x0200_0000,
  FILE_FLAG_OPEN_REPARSE_POINT: 0x0020_0000,
  FILE_BEGIN: 0,

  FILE_ATTRIBUTE_READONLY: 0x1,
  FILE_ATTRIBUTE_HIDDEN: 0x2,
  FILE_ATTRIBUTE_SYSTEM: 0x4,
  FILE_ATTRIBUTE_DIRECTORY: 0x10,
  FILE_ATTRIBUTE_NORMAL: 0x80,
  FILE_ATTRIBUTE_SPARSE_FILE: 0x200,
  FILE_ATTRIBUTE_REPARSE_POINT: 0x400,
  FILE_ATTRIBUTE_NOT_CONTENT_INDEXED: 0x2000,
  FILE_ATTRIBUTE_ENCRYPTED: 0x4000,
  INVALID_FILE_ATTRIBUTES: 0xffff_ffff,

  FileBasicInfo: 0,
  FileStandardInfo: 1,
  FileEndOfFileInfo: 6,
  FileStreamInfo: 7,
  FileAttributeTagInfo: 9,
  FileRemoteProtocolInfo: 13,
  FileIdInfo: 18,
  FileInternalInformation: 6,
  FileEaInformation: 7,
  GetFileExInfoStandard: 0,

  FSCTL_SET_SPARSE: 0x9_00c4,
  FSCTL_QUERY_ALLOCATED_RANGES: 0x9_40cf,
  FSCTL_DUPLICATE_EXTENTS_TO_FILE: 0x9_8344,
  FSCTL_GET_INTEGRITY_INFORMATION: 0x9_027c,
  FSCTL_SET_INTEGRITY_INFORMATION: 0x9_c280,
  FSCTL_QUERY_PERSISTENT_VOLUME_STATE: 0x9_023c,
  FILE_SUPPORTS_BLOCK_REFCOUNTING: 0x0800_0000,
  PERSISTENT_VOLUME_STATE_DEV_VOLUME: 0x2000,

  COPY_FILE_FAIL_IF_EXISTS: 0x1,
  COPY_FILE_COPY_SYMLINK: 0x800,
  COPY_FILE_NO_BUFFERING: 0x1000,
  PROGRESS_CONTINUE: 0,
  PROGRESS_CANCEL: 1,

  MOVEFILE_REPLACE_EXISTING: 1,
  SYMBOLIC_LINK_FLAG_DIRECTORY: 1,
  SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE: 2,
} as const;

/**
 * Sizes of structures and offsets of their fields, in bytes; the same on every architecture that Windows supports.
 */
export const layouts = {
  FILE_BASIC_INFO: {
    size: 40,
    CreationTime: 0,
    LastAccessTime: 8,
    LastWriteTime: 16,
    ChangeTime: 24,
    FileAttributes: 32,
  },
  FILE_STANDARD_INFO: { size: 24, AllocationSize: 0, EndOfFile: 8, NumberOfLinks: 16 },
  WIN32_FILE_ATTRIBUTE_DATA: {
    size: 36,
    dwFileAttributes: 0,
    ftLastAccessTime: 12,
    ftLastWriteTime: 20,
    nFileSizeHigh: 28,
    nFileSizeLow: 32,
  },
  FILE_END_OF_FILE_INFO: { size: 8, EndOfFile: 0 },
  FILE_ATTRIBUTE_TAG_INFO: { size: 8, FileAttributes: 0, ReparseTag: 4 },
  FILE_ID_INFO: { size: 24, VolumeSerialNumber: 0, FileId: 8 },
  FILE_INTERNAL_INFORMATION: { size: 8, IndexNumber: 0 },
  FILE_EA_INFORMATION: { size: 4, EaSize: 0 },
  FILE_STREAM_INFO: { size: 32, NextEntryOffset: 0, StreamNameLength: 4 },
  FILE_ALLOCATED_RANGE_BUFFER: { size: 16, FileOffset: 0, Length: 8 },
  DUPLICATE_EXTENTS_DATA: {
    size: 32,
    FileHandle: 0,
    SourceFileOffset: 8,
    TargetFileOffset: 16,
    ByteCount: 24,
  },
  FSCTL_GET_INTEGRITY_INFORMATION_BUFFER: {
    size: 16,
    ChecksumAlgorithm: 0,
    Flags: 4,
    ChecksumChunkSizeInBytes: 8,
    ClusterSizeInBytes: 12,
  },
  FSCTL_SET_INTEGRITY_INFORMATION_BUFFER: { size: 8, ChecksumAlgorithm: 0, Flags: 4 },
  FILE_FS_PERSISTENT_VOLUME_INFORMATION: { size: 16, VolumeFlags: 0, FlagMask: 4, Version: 8 },
} as const;

/** Other processes may read, write and delete the open file. */
export const SHARE_ALL: number =
  constants.FILE_SHARE_READ | constants.FILE_SHARE_WRITE | constants.FILE_SHARE_DELETE;
/** Flags to open an entry itself if it may be a link. */
export const NOT_FOLLOWED: number =
  constants.FILE_FLAG_BACKUP_SEMANTICS | constants.FILE_FLAG_OPEN_REPARSE_POINT;
export const READ_WRITE: number = (constants.GENERIC_READ | constants.GENERIC_WRITE) >>> 0;
/**
 * Access to a new file: ReFS requires DELETE for the destination of a clone, and reading is needed to set checksums.
 */
export const CREATE_ACCESS: number = (READ_WRITE | constants.DELETE) >>> 0;
/** Other processes may read and delete a new file while it is written. */
export const CREATE_SHARE: number = constants.FILE_SHARE_READ | constants.FILE_SHARE_DELETE;
