/*
 * A double of the functions of macOS's libSystem that packages/core/src/platform/darwin calls, for Linux: they take
 * Darwin's flags, constants and structures and do on Linux what they ask for.
 *
 * Written from Apple's manual pages and published sources (xnu, copyfile). It was never compared with a running macOS:
 * a test against it shows that the engine keeps to this reading of them, not that the reading is right. It assumes that
 *
 * - fclonefileat and clonefileat answer EINVAL for unknown flags, then EEXIST for a name that is taken (also by a link
 *   that leads nowhere, with CLONE_NOFOLLOW), then EXDEV between mounts, then ENOTSUP where the filesystem cannot clone;
 *   that a clone is complete or not there; that it has the source's mode without setuid and setgid, its times and its
 *   extended attributes, its access control list only with CLONE_ACL, and the caller as its owner; and that a directory
 *   is cloned with all that is in it, links as links; and that a clone of a locked file (UF_IMMUTABLE, here Linux's
 *   immutable flag) is locked, so that it can neither be renamed nor deleted (ottomatic-io/ocopy#59);
 * - fcopyfile ignores the flags of copyfile(3) that are about paths and clones, begins at both files' offsets, cuts the
 *   destination off behind what it wrote, keeps holes only with COPYFILE_DATA_SPARSE, replaces all extended attributes,
 *   and makes the destination writable for its owner meanwhile;
 * - F_PREALLOCATE reserves blocks behind the end of the file without moving it, F_NOCACHE is advice, and what fcntl
 *   does not know is EINVAL;
 * - on x86-64 the functions without $INODE64 fill the old structures, which here is memory of 0xEE. With
 *   -DDARWIN_ARM64 there are only the plain names, for the new structures.
 *
 * Clones are real ones: FICLONE, on btrfs and XFS.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * Linux by number where a function here has the name of glibc's: called by name it would be this library's own.
 */
#define linux_openat(at, path, flags, mode) ((int)syscall(SYS_openat, at, path, flags, mode))
#define linux_fcntl(fd, command, argument) ((int)syscall(SYS_fcntl, fd, command, argument))
#define linux_lseek(fd, offset, whence) ((off_t)syscall(SYS_lseek, fd, offset, whence))
#define linux_mkdirat(at, path, mode) ((int)syscall(SYS_mkdirat, at, path, mode))
#define linux_symlinkat(target, at, path) ((int)syscall(SYS_symlinkat, target, at, path))
#define linux_readlinkat(at, path, buffer, size) ((ssize_t)syscall(SYS_readlinkat, at, path, buffer, size))
#define linux_ftruncate(fd, size) ((int)syscall(SYS_ftruncate, fd, size))
#define linux_fsync(fd) ((int)syscall(SYS_fsync, fd))
#define linux_utimensat(at, path, times, flags) ((int)syscall(SYS_utimensat, at, path, times, flags))
#define linux_statx(at, path, flags, into) ((int)syscall(SYS_statx, at, path, flags, STATX_BASIC_STATS, into))

static int linux_unlinkat(int at, const char *path, int flags) { return (int)syscall(SYS_unlinkat, at, path, flags); }
static int linux_fchmod(int fd, unsigned mode) { return (int)syscall(SYS_fchmod, fd, mode); }

enum {
  DARWIN_O_NONBLOCK = 0x4,
  DARWIN_O_NOFOLLOW = 0x100,
  DARWIN_O_CREAT = 0x200,
  DARWIN_O_EXCL = 0x800,
  DARWIN_O_NOCTTY = 0x20000,
  DARWIN_O_DIRECTORY = 0x100000,
  DARWIN_O_CLOEXEC = 0x1000000,
  DARWIN_AT_FDCWD = -2,
  DARWIN_AT_SYMLINK_NOFOLLOW = 0x20,
  DARWIN_AT_REMOVEDIR = 0x80,
  DARWIN_SEEK_HOLE = 3,
  DARWIN_SEEK_DATA = 4,
  DARWIN_F_PREALLOCATE = 42,
  DARWIN_F_NOCACHE = 48,
  DARWIN_F_FULLFSYNC = 51,
  DARWIN_F_BARRIERFSYNC = 85,
  DARWIN_F_ALLOCATECONTIG = 2,
  DARWIN_F_ALLOCATEALL = 4,
  DARWIN_F_PEOFPOSMODE = 3,
  DARWIN_RENAME_EXCL = 4,
  DARWIN_UF_IMMUTABLE = 2,
  DARWIN_CLONE_NOFOLLOW = 1,
  DARWIN_CLONE_NOOWNERCOPY = 2,
  DARWIN_CLONE_ACL = 4,
  DARWIN_COPYFILE_ACL = 1 << 0,
  DARWIN_COPYFILE_XATTR = 1 << 2,
  DARWIN_COPYFILE_DATA = 1 << 3,
  DARWIN_COPYFILE_DATA_SPARSE = 1 << 27,
  DARWIN_ATTR_BIT_MAP_COUNT = 5,
  DARWIN_VOL_CAP_INT_CLONE = 0x10000,
};
#define DARWIN_ATTR_VOL_INFO 0x80000000u
#define DARWIN_ATTR_VOL_CAPABILITIES 0x00020000u

struct darwin_timespec { int64_t tv_sec; int64_t tv_nsec; };

struct darwin_stat {
  int32_t st_dev;
  uint16_t st_mode, st_nlink;
  uint64_t st_ino;
  uint32_t st_uid, st_gid;
  int32_t st_rdev;
  struct darwin_timespec st_atimespec, st_mtimespec, st_ctimespec, st_birthtimespec;
  int64_t st_size, st_blocks;
  int32_t st_blksize;
  uint32_t st_flags, st_gen;
  int32_t st_lspare;
  int64_t st_qspare[2];
};
_Static_assert(sizeof(struct darwin_stat) == 144, "struct stat");

struct darwin_statfs {
  uint32_t f_bsize;
  int32_t f_iosize;
  uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
  int32_t f_fsid[2];
  uint32_t f_owner, f_type, f_flags, f_fssubtype;
  char f_fstypename[16], f_mntonname[1024], f_mntfromname[1024];
  uint32_t f_flags_ext, f_reserved[7];
};
_Static_assert(sizeof(struct darwin_statfs) == 2168, "struct statfs");

struct darwin_fstore { uint32_t fst_flags; int32_t fst_posmode; int64_t fst_offset, fst_length, fst_bytesalloc; };
struct darwin_attrlist { uint16_t bitmapcount, reserved; uint32_t commonattr, volattr, dirattr, fileattr, forkattr; };
struct darwin_capabilities { uint32_t length, capabilities[4], valid[4]; };

/* ---- what a test can set ---- */

static uint32_t known_clone_flags = DARWIN_CLONE_NOFOLLOW | DARWIN_CLONE_NOOWNERCOPY | DARWIN_CLONE_ACL;
static int has_contiguous_space = 1;
static int64_t reserved_bytes;
static char filesystem_name[16];

/* Clone flags this macOS knows. */
void double_know_clone_flags(uint32_t flags) { known_clone_flags = flags; }
/* Whether F_ALLOCATECONTIG succeeds. */
void double_have_contiguous_space(int has) { has_contiguous_space = has; }
/* Bytes that F_PREALLOCATE reserved since the last call. */
int64_t double_take_reserved(void) { int64_t bytes = reserved_bytes; reserved_bytes = 0; return bytes; }
/* What statfs calls every filesystem; empty: `apfs` where it can clone, else `hfs`. */
void double_name_filesystem(const char *name) { snprintf(filesystem_name, sizeof filesystem_name, "%s", name); }

/* ---- translation ---- */

static int fail(int error) { errno = error; return -1; }
static int at(int directory) { return directory == DARWIN_AT_FDCWD ? AT_FDCWD : directory; }

static int open_flags(int darwin) {
  static const struct { int darwin, linux_; } pairs[] = {
    {DARWIN_O_NONBLOCK, O_NONBLOCK}, {DARWIN_O_NOFOLLOW, O_NOFOLLOW},   {DARWIN_O_CREAT, O_CREAT},
    {DARWIN_O_EXCL, O_EXCL},         {DARWIN_O_NOCTTY, O_NOCTTY},       {DARWIN_O_DIRECTORY, O_DIRECTORY},
    {DARWIN_O_CLOEXEC, O_CLOEXEC},
  };
  int flags = darwin & 3, rest = darwin & ~3;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    if (rest & pairs[i].darwin) flags |= pairs[i].linux_;
    rest &= ~pairs[i].darwin;
  }
  return rest ? -1 : flags;
}

static int at_flags(int darwin) {
  if (darwin & ~DARWIN_AT_SYMLINK_NOFOLLOW) return -1;
  return darwin ? AT_SYMLINK_NOFOLLOW : 0;
}

static struct darwin_timespec time_of(struct statx_timestamp time) {
  return (struct darwin_timespec){time.tv_sec, time.tv_nsec};
}

static void translate_stat(const struct statx *from, struct darwin_stat *into) {
  memset(into, 0, sizeof *into);
  into->st_dev = (int32_t)(from->stx_dev_major << 24 | from->stx_dev_minor);
  into->st_rdev = (int32_t)(from->stx_rdev_major << 24 | from->stx_rdev_minor);
  into->st_mode = from->stx_mode;
  into->st_nlink = (uint16_t)from->stx_nlink;
  into->st_ino = from->stx_ino;
  into->st_uid = from->stx_uid;
  into->st_gid = from->stx_gid;
  into->st_atimespec = time_of(from->stx_atime);
  into->st_mtimespec = time_of(from->stx_mtime);
  into->st_ctimespec = time_of(from->stx_ctime);
  into->st_size = (int64_t)from->stx_size;
  into->st_blocks = (int64_t)from->stx_blocks;
  into->st_blksize = (int32_t)from->stx_blksize;
  into->st_flags = from->stx_attributes & STATX_ATTR_IMMUTABLE ? DARWIN_UF_IMMUTABLE : 0;
}

/* The mount point a file is on: the last directory above it on the same mount. */
static void mount_point(const char *real, uint64_t device, char *into, size_t size) {
  char current[PATH_MAX], above[PATH_MAX];
  snprintf(current, sizeof current, "%s", real);
  for (;;) {
    snprintf(above, sizeof above, "%s", current);
    char *slash = strrchr(above, '/');
    if (!slash || !strcmp(current, "/")) break;
    slash[slash == above] = 0;
    struct stat status;
    if (stat(above, &status) || status.st_dev != device) break;
    strcpy(current, above);
  }
  snprintf(into, size, "%s", current);
}

static int can_clone(uint64_t type) { return type == BTRFS_SUPER_MAGIC || type == XFS_SUPER_MAGIC; }

static int fill_statfs(const char *path, struct darwin_statfs *into) {
  struct statfs from;
  struct stat status;
  char real[PATH_MAX];
  if (syscall(SYS_statfs, path, &from) || !realpath(path, real) || stat(real, &status)) return -1;
  memset(into, 0, sizeof *into);
  into->f_bsize = (uint32_t)from.f_bsize;
  into->f_blocks = from.f_blocks;
  const char *name = can_clone((uint64_t)from.f_type) ? "apfs" : "hfs";
  snprintf(into->f_fstypename, sizeof into->f_fstypename, "%s", *filesystem_name ? filesystem_name : name);
  mount_point(real, status.st_dev, into->f_mntonname, sizeof into->f_mntonname);
  return 0;
}

/* ---- files and directories ---- */

int openat(int directory, const char *path, int flags, ...) {
  int mode = 0;
  if (flags & DARWIN_O_CREAT) {
    va_list list;
    va_start(list, flags);
    mode = va_arg(list, int);
    va_end(list);
  }
  int translated = open_flags(flags);
  return translated < 0 ? fail(EINVAL) : linux_openat(at(directory), path, translated, mode);
}

static int new_fstatat(int directory, const char *path, struct darwin_stat *into, int flags) {
  struct statx status;
  int translated = at_flags(flags);
  if (translated < 0) return fail(EINVAL);
  if (linux_statx(at(directory), path, translated, &status)) return -1;
  translate_stat(&status, into);
  return 0;
}

static int new_fstat(int fd, struct darwin_stat *into) {
  struct statx status;
  if (linux_statx(fd, "", AT_EMPTY_PATH, &status)) return -1;
  translate_stat(&status, into);
  return 0;
}

static int new_statfs(const char *path, struct darwin_statfs *into) { return fill_statfs(path, into); }

static int new_fstatfs(int fd, struct darwin_statfs *into) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return fill_statfs(path, into);
}

#ifdef DARWIN_ARM64
int darwin_fstatat(int d, const char *p, struct darwin_stat *s, int f) __asm__("fstatat");
int darwin_fstat(int fd, struct darwin_stat *s) __asm__("fstat");
int darwin_statfs(const char *p, struct darwin_statfs *s) __asm__("statfs");
int darwin_fstatfs(int fd, struct darwin_statfs *s) __asm__("fstatfs");
#else
int darwin_fstatat(int d, const char *p, struct darwin_stat *s, int f) __asm__("fstatat$INODE64");
int darwin_fstat(int fd, struct darwin_stat *s) __asm__("fstat$INODE64");
int darwin_statfs(const char *p, struct darwin_statfs *s) __asm__("statfs$INODE64");
int darwin_fstatfs(int fd, struct darwin_statfs *s) __asm__("fstatfs$INODE64");
int old_fstatat(int d, const char *p, void *s, int f) __asm__("fstatat");
int old_fstat(int fd, void *s) __asm__("fstat");
int old_statfs(const char *p, void *s) __asm__("statfs");
int old_fstatfs(int fd, void *s) __asm__("fstatfs");
int old_fstatat(int d, const char *p, void *s, int f) { (void)d, (void)p, (void)f; memset(s, 0xEE, 96); return 0; }
int old_fstat(int fd, void *s) { (void)fd; memset(s, 0xEE, 96); return 0; }
int old_statfs(const char *p, void *s) { (void)p; memset(s, 0xEE, 272); return 0; }
int old_fstatfs(int fd, void *s) { (void)fd; memset(s, 0xEE, 272); return 0; }
#endif
int darwin_fstatat(int d, const char *p, struct darwin_stat *s, int f) { return new_fstatat(d, p, s, f); }
int darwin_fstat(int fd, struct darwin_stat *s) { return new_fstat(fd, s); }
int darwin_statfs(const char *p, struct darwin_statfs *s) { return new_statfs(p, s); }
int darwin_fstatfs(int fd, struct darwin_statfs *s) { return new_fstatfs(fd, s); }

int getattrlist(const char *path, struct darwin_attrlist *list, void *buffer, size_t size, uint32_t options) {
  struct darwin_statfs mount;
  struct darwin_capabilities answer = {.length = sizeof answer};
  if (list->bitmapcount != DARWIN_ATTR_BIT_MAP_COUNT || options) return fail(EINVAL);
  if (list->volattr != (DARWIN_ATTR_VOL_INFO | DARWIN_ATTR_VOL_CAPABILITIES)) return fail(EINVAL);
  if (list->commonattr || list->dirattr || list->fileattr || list->forkattr) return fail(EINVAL);
  if (fill_statfs(path, &mount)) return -1;
  if (strcmp(mount.f_mntonname, path)) return fail(EINVAL);
  answer.valid[1] = DARWIN_VOL_CAP_INT_CLONE;
  answer.capabilities[1] = strcmp(mount.f_fstypename, "apfs") ? 0 : DARWIN_VOL_CAP_INT_CLONE;
  memcpy(buffer, &answer, size < sizeof answer ? size : sizeof answer);
  return 0;
}

/* Their declarations in glibc's headers differ: Darwin's mode_t is of 16 bits. */
int darwin_mkdirat(int directory, const char *path, uint16_t mode) __asm__("mkdirat");
int darwin_fchmod(int fd, uint16_t mode) __asm__("fchmod");
int darwin_mkdirat(int directory, const char *path, uint16_t mode) { return linux_mkdirat(at(directory), path, mode); }
int symlinkat(const char *target, int directory, const char *path) { return linux_symlinkat(target, at(directory), path); }
int darwin_fchmod(int fd, uint16_t mode) { return linux_fchmod(fd, mode); }
int unlinkat(int directory, const char *path, int flags) {
  if (flags & ~DARWIN_AT_REMOVEDIR) return fail(EINVAL);
  int result = linux_unlinkat(at(directory), path, flags ? AT_REMOVEDIR : 0);
  // Of a directory macOS says that it may not be unlinked.
  return result && !flags && errno == EISDIR ? fail(EPERM) : result;
}

int renameatx_np(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  if (flags != DARWIN_RENAME_EXCL) return fail(EINVAL);
  return (int)syscall(SYS_renameat2, at(from_directory), from, at(to_directory), to, RENAME_NOREPLACE);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags) {
  int translated = at_flags(flags);
  return translated < 0 ? fail(EINVAL) : linux_utimensat(at(directory), path, times, translated);
}

/* Like mkfifo(2) and mknod(2): root alone makes devices, and there is no other way to a socket than bind(2). */
int darwin_mkfifoat(int directory, const char *path, uint16_t mode) __asm__("mkfifoat");
int darwin_mknodat(int directory, const char *path, uint16_t mode, int32_t device) __asm__("mknodat");
int darwin_fchmodat(int directory, const char *path, uint16_t mode, int flags) __asm__("fchmodat");
int darwin_mkfifoat(int directory, const char *path, uint16_t mode) {
  return (int)syscall(SYS_mknodat, at(directory), path, S_IFIFO | mode, 0);
}
int darwin_mknodat(int directory, const char *path, uint16_t mode, int32_t device) {
  if (!S_ISCHR(mode) && !S_ISBLK(mode)) return fail(EINVAL);
  return (int)syscall(SYS_mknodat, at(directory), path, mode, makedev((uint32_t)device >> 24, device & 0xffffff));
}
int darwin_fchmodat(int directory, const char *path, uint16_t mode, int flags) {
  char file[64];
  if (flags != DARWIN_AT_SYMLINK_NOFOLLOW) return fail(EINVAL);
  int fd = linux_openat(at(directory), path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
  int result = (int)syscall(SYS_fchmodat, AT_FDCWD, file, mode);
  syscall(SYS_close, fd);
  return result;
}
int fchownat(int directory, const char *path, uid_t user, gid_t group, int flags) {
  int translated = at_flags(flags);
  return translated < 0 ? fail(EINVAL) : (int)syscall(SYS_fchownat, at(directory), path, user, group, translated);
}

static off_t seek(int fd, off_t offset, int whence) {
  return linux_lseek(fd, offset, whence == DARWIN_SEEK_HOLE ? SEEK_HOLE : whence == DARWIN_SEEK_DATA ? SEEK_DATA : whence);
}
off_t lseek(int fd, off_t offset, int whence) { return seek(fd, offset, whence); }

static int reserve(int fd, struct darwin_fstore *store) {
  struct statx status;
  if (store->fst_posmode != DARWIN_F_PEOFPOSMODE || store->fst_offset != 0) return fail(EINVAL);
  if (store->fst_flags == DARWIN_F_ALLOCATECONTIG) {
    if (!has_contiguous_space) return fail(ENOSPC);
  } else if (store->fst_flags != DARWIN_F_ALLOCATEALL) return fail(EINVAL);
  if (linux_statx(fd, "", AT_EMPTY_PATH, &status)) return -1;
  if (syscall(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, (off_t)status.stx_size, store->fst_length)) return -1;
  reserved_bytes += store->fst_bytesalloc = store->fst_length;
  return 0;
}

int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  intptr_t argument = command == DARWIN_F_PREALLOCATE ? (intptr_t)va_arg(list, void *) : va_arg(list, int);
  va_end(list);
  if (linux_fcntl(fd, F_GETFD, 0) < 0) return -1;
  switch (command) {
    case DARWIN_F_NOCACHE: return argument == 0 || argument == 1 ? 0 : fail(EINVAL);
    case DARWIN_F_FULLFSYNC:
    case DARWIN_F_BARRIERFSYNC: return linux_fsync(fd);
    case DARWIN_F_PREALLOCATE: return reserve(fd, (struct darwin_fstore *)argument);
    default: return fail(EINVAL);
  }
}

/* ---- attributes ---- */

static int is_acl(const char *name) { return !strcmp(name, "system.posix_acl_access"); }

static int copy_attributes(int from, int to, int xattr, int acl, int replace) {
  static __thread char names[65536], value[65536];
  ssize_t length = flistxattr(to, names, sizeof names);
  for (char *name = names; replace && xattr && length > 0 && name < names + length; name += strlen(name) + 1)
    if (!strncmp(name, "user.", 5)) fremovexattr(to, name);
  length = flistxattr(from, names, sizeof names);
  if (length < 0) return -1;
  for (char *name = names; name < names + length; name += strlen(name) + 1) {
    if (is_acl(name) ? !acl : !xattr) continue;
    ssize_t size = fgetxattr(from, name, value, sizeof value);
    if (size < 0 || fsetxattr(to, name, value, (size_t)size, 0)) return -1;
  }
  return 0;
}

static int copy_times(int from, int to) {
  struct statx status;
  if (linux_statx(from, "", AT_EMPTY_PATH, &status)) return -1;
  struct timespec times[2] = {{status.stx_atime.tv_sec, status.stx_atime.tv_nsec},
                              {status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec}};
  return linux_utimensat(to, NULL, times, 0);
}

/* ---- clones ---- */

static int fill_clone(int source, const struct statx *status, int destination, uint32_t flags) {
  if (ioctl(destination, FICLONE, source)) return -1;
  if (linux_fchmod(destination, status->stx_mode & 01777)) return -1;
  if (copy_attributes(source, destination, 1, (flags & DARWIN_CLONE_ACL) != 0, 0)) return -1;
  return copy_times(source, destination);
}

static int clone_file(int source, const struct statx *status, int directory, const char *name, uint32_t flags) {
  char target[PATH_MAX] = "";
  /* Not told otherwise, it follows a link, and creates what that leads to. */
  if (!(flags & DARWIN_CLONE_NOFOLLOW) && linux_readlinkat(directory, name, target, sizeof target - 1) > 0) name = target;
  int destination = linux_openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (destination < 0) return -1;
  int result = fill_clone(source, status, destination, flags), immutable = FS_IMMUTABLE_FL;
  if (!result && status->stx_attributes & STATX_ATTR_IMMUTABLE) result = ioctl(destination, FS_IOC_SETFLAGS, &immutable);
  int error = errno;
  close(destination);
  if (result) {
    linux_unlinkat(directory, name, 0);
    errno = error;
  }
  return result;
}

static int clone_entry(int from, const char *name, int to, const char *as, uint32_t flags);

static int clone_entries(int source, int destination, uint32_t flags) {
  DIR *entries = fdopendir(dup(source));
  if (!entries) return -1;
  int result = 0;
  for (struct dirent *entry; !result && (entry = readdir(entries));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      result = clone_entry(source, entry->d_name, destination, entry->d_name, flags);
  int error = errno;
  closedir(entries);
  errno = error;
  return result;
}

static void remove_tree(int directory, const char *name) {
  int fd = linux_openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) {
    linux_unlinkat(directory, name, 0);
    return;
  }
  DIR *entries = fdopendir(fd);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) remove_tree(fd, entry->d_name);
  closedir(entries);
  linux_unlinkat(directory, name, AT_REMOVEDIR);
}

static int clone_tree(int source, const struct statx *status, int to, const char *as, uint32_t flags) {
  if (linux_mkdirat(to, as, 0700)) return -1;
  int destination = linux_openat(to, as, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  int result = destination < 0 ? -1 : clone_entries(source, destination, flags);
  if (!result) result = linux_fchmod(destination, status->stx_mode & 01777) || copy_times(source, destination) ? -1 : 0;
  int error = errno;
  if (destination >= 0) close(destination);
  if (result) remove_tree(to, as);
  errno = error;
  return result;
}

static int clone_link(int from, const char *name, int to, const char *as) {
  char target[PATH_MAX];
  ssize_t length = linux_readlinkat(from, name, target, sizeof target - 1);
  if (length < 0) return -1;
  target[length] = 0;
  return linux_symlinkat(target, to, as);
}

static int clone_entry(int from, const char *name, int to, const char *as, uint32_t flags) {
  struct statx status;
  if (linux_statx(from, name, AT_SYMLINK_NOFOLLOW, &status)) return -1;
  if (S_ISLNK(status.stx_mode)) return clone_link(from, name, to, as);
  if (!S_ISREG(status.stx_mode) && !S_ISDIR(status.stx_mode)) return fail(EINVAL);
  int source = linux_openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (source < 0) return -1;
  int result = S_ISDIR(status.stx_mode) ? clone_tree(source, &status, to, as, flags)
                                        : clone_file(source, &status, to, as, flags);
  int error = errno;
  close(source);
  errno = error;
  return result;
}

/* Before anything else is looked at: the flags, and whether the name is taken. */
static int check_clone(int directory, const char *name, uint32_t flags) {
  struct statx there;
  if (flags & ~known_clone_flags) return fail(EINVAL);
  int follow = flags & DARWIN_CLONE_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
  return linux_statx(directory, name, follow, &there) ? 0 : fail(EEXIST);
}

int clonefileat(int from, const char *name, int to, const char *as, uint32_t flags) {
  return check_clone(at(to), as, flags) ? -1 : clone_entry(at(from), name, at(to), as, flags);
}

int fclonefileat(int source, int directory, const char *name, uint32_t flags) {
  struct statx status;
  if (check_clone(at(directory), name, flags)) return -1;
  if (linux_statx(source, "", AT_EMPTY_PATH, &status)) return -1;
  return clone_file(source, &status, at(directory), name, flags);
}

/* ---- copyfile ---- */

static int64_t copy_bytes(int from, int to, int64_t most) {
  static __thread char buffer[1 << 18];
  int64_t done = 0;
  while (done < most) {
    size_t wanted = most - done < (int64_t)sizeof buffer ? (size_t)(most - done) : sizeof buffer;
    ssize_t got = read(from, buffer, wanted);
    if (got <= 0) return got < 0 ? -1 : done;
    for (ssize_t written = 0, part; written < got; written += part)
      if ((part = write(to, buffer + written, (size_t)(got - written))) < 0) return -1;
    done += got;
  }
  return done;
}

static int copy_sparse(int from, int to) {
  off_t size = seek(from, 0, SEEK_END), start, end = 0;
  while (end < size && (start = seek(from, end, DARWIN_SEEK_DATA)) >= 0) {
    end = seek(from, start, DARWIN_SEEK_HOLE);
    if (end < 0 || seek(from, start, SEEK_SET) < 0 || seek(to, start, SEEK_SET) < 0) return -1;
    if (copy_bytes(from, to, end - start) < 0) return -1;
  }
  if (end < size && errno != ENXIO) return -1;
  return linux_ftruncate(to, size);
}

static int copy_data(int from, int to, uint32_t flags) {
  if (flags & DARWIN_COPYFILE_DATA_SPARSE) return copy_sparse(from, to);
  off_t start = seek(to, 0, SEEK_CUR);
  int64_t copied = copy_bytes(from, to, INT64_MAX);
  return copied < 0 || linux_ftruncate(to, start + copied) ? -1 : 0;
}

int fcopyfile(int from, int to, void *state, uint32_t flags) {
  const uint32_t used = DARWIN_COPYFILE_ACL | DARWIN_COPYFILE_XATTR | DARWIN_COPYFILE_DATA | DARWIN_COPYFILE_DATA_SPARSE;
  struct statx status;
  /* The real one takes more; what is not used here must not seem to work. */
  if (state || (flags & ~used)) return fail(ENOSYS);
  if (linux_statx(to, "", AT_EMPTY_PATH, &status)) return -1;
  linux_fchmod(to, (status.stx_mode & 07777) | 0600);
  int result = flags & (DARWIN_COPYFILE_DATA | DARWIN_COPYFILE_DATA_SPARSE) ? copy_data(from, to, flags) : 0;
  if (!result && (flags & (DARWIN_COPYFILE_XATTR | DARWIN_COPYFILE_ACL)))
    result = copy_attributes(from, to, (flags & DARWIN_COPYFILE_XATTR) != 0, (flags & DARWIN_COPYFILE_ACL) != 0, 1);
  int error = errno;
  if (!(flags & DARWIN_COPYFILE_ACL)) linux_fchmod(to, status.stx_mode & 07777);
  errno = error;
  return result;
}
