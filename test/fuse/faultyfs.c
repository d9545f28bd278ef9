/*
 * A filesystem in user space that shows a directory as it is, except for the faults it is told to have:
 *
 *   FAULTYFS_ROOT=/some/directory FAULTYFS_FAULTS='blocks=0 lseek=ENXIO' faultyfs /mount/point [fuse options]
 *
 * A fault is OPERATION=ANSWER. The answer is an error's name (EPERM, ENOTSUP, EIO …), for read and write also
 * ERROR@BYTES: the error comes where a transfer reaches that offset. Besides, there are
 *
 *   blocks=0        files say that they have no blocks
 *   lseek=eof       SEEK_DATA answers with the end of the file
 *   read=short      a read answers with 1,000 bytes at most (without the page cache, as it would mean the end)
 *   chmod=ignored, chown=ignored, utimens=ignored    the call succeeds and changes nothing
 *   mode=OCTAL      every file and directory says that it has these permissions
 *   rename=late     a renamed file that is open gets its change time only when it is closed (lowntfs-3g)
 *   tick=SECONDS    times are kept in whole seconds (HFS+, sshfs), or in two (FAT, exFAT of exfat-fuse)
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SHORT_READ 1000

enum operation {
  CHMOD, CHOWN, COPY_FILE_RANGE, FALLOCATE, FLUSH, FSYNC, LINK, LSEEK, MKDIR, OPEN, READ, RENAME,
  RENAME_EXCLUSIVE, STATFS, SYMLINK, TRUNCATE, UNLINK, UTIMENS, WRITE, XATTR, OPERATIONS
};

static const char *const names[OPERATIONS] = {
  "chmod", "chown", "copy_file_range", "fallocate", "flush", "fsync", "link", "lseek", "mkdir", "open", "read",
  "rename", "rename_exclusive", "statfs", "symlink", "truncate", "unlink", "utimens", "write", "xattr",
};

static struct {
  int error;
  off_t from;
  int ignored;
} faults[OPERATIONS];

static const char *root;
static int no_blocks, seek_to_end, late_renames, renamed;
static unsigned int short_reads;
static long fixed_mode = -1, tick;

static const struct { const char *name; int number; } errors[] = {
  {"EACCES", EACCES}, {"EDQUOT", EDQUOT}, {"EEXIST", EEXIST}, {"EINTR", EINTR}, {"EINVAL", EINVAL}, {"EIO", EIO},
  {"ENODATA", ENODATA}, {"ENOENT", ENOENT}, {"ENOSPC", ENOSPC}, {"ENOSYS", ENOSYS}, {"ENOTSUP", ENOTSUP},
  {"ENXIO", ENXIO}, {"EOPNOTSUPP", EOPNOTSUPP}, {"EOVERFLOW", EOVERFLOW}, {"EPERM", EPERM}, {"EROFS", EROFS},
  {"EXDEV", EXDEV},
};

static void give_up(const char *fault) {
  fprintf(stderr, "faultyfs: not a fault: %s\n", fault);
  exit(2);
}

static int error_number(const char *fault, const char *name) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (!strcmp(errors[i].name, name)) return errors[i].number;
  give_up(fault);
  return 0;
}

static void parse_fault(const char *fault) {
  char copy[64], *answer;
  snprintf(copy, sizeof copy, "%s", fault);
  if (!(answer = strchr(copy, '='))) give_up(fault);
  *answer++ = 0;
  if (!strcmp(fault, "blocks=0")) { no_blocks = 1; return; }
  if (!strcmp(fault, "lseek=eof")) { seek_to_end = 1; return; }
  if (!strcmp(fault, "rename=late")) { late_renames = 1; return; }
  if (!strcmp(fault, "read=short")) { short_reads = 1; return; }
  if (!strcmp(copy, "tick")) { tick = atol(answer); return; }
  if (!strcmp(copy, "mode")) { fixed_mode = strtol(answer, NULL, 8); return; }
  for (int operation = 0; operation < OPERATIONS; operation++) {
    if (strcmp(names[operation], copy)) continue;
    if (!strcmp(answer, "ignored")) { faults[operation].ignored = 1; return; }
    char *offset = strchr(answer, '@');
    if (offset) *offset++ = 0;
    faults[operation].error = error_number(fault, answer);
    faults[operation].from = offset ? atoll(offset) : 0;
    return;
  }
  give_up(fault);
}

static int answer(long result) { return result < 0 ? -errno : (int)result; }

/* Returns from the operation that has a fault. */
#define FAULT(operation) \
  do { \
    if (faults[operation].error) return -faults[operation].error; \
    if (faults[operation].ignored) return 0; \
  } while (0)
#define FAULT_AT(operation, end) \
  do { \
    if (faults[operation].error && (end) > faults[operation].from) return -faults[operation].error; \
  } while (0)
#define REAL(name, path) \
  char name[PATH_MAX]; \
  if (snprintf(name, sizeof name, "%s%s", root, path) >= (int)sizeof name) return -ENAMETOOLONG

static struct timespec cut_off(struct timespec time) {
  return (struct timespec){ .tv_sec = time.tv_sec - time.tv_sec % tick, .tv_nsec = 0 };
}

static int do_getattr(const char *path, struct stat *status, struct fuse_file_info *file) {
  REAL(real, path);
  if (file ? fstat((int)file->fh, status) : lstat(real, status)) return -errno;
  if (no_blocks && S_ISREG(status->st_mode)) status->st_blocks = 0;
  if (fixed_mode >= 0 && !S_ISLNK(status->st_mode))
    status->st_mode = (status->st_mode & S_IFMT) | (mode_t)fixed_mode;
  if (tick > 0) {
    status->st_mtim = cut_off(status->st_mtim);
    status->st_ctim = cut_off(status->st_ctim);
  }
  return 0;
}

static int do_readlink(const char *path, char *into, size_t size) {
  REAL(real, path);
  ssize_t length = readlink(real, into, size - 1);
  if (length < 0) return -errno;
  into[length] = 0;
  return 0;
}

static int do_readdir(const char *path, void *into, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *file, enum fuse_readdir_flags flags) {
  (void)offset, (void)file, (void)flags;
  REAL(real, path);
  DIR *directory = opendir(real);
  if (!directory) return -errno;
  for (struct dirent *entry; (entry = readdir(directory));) {
    struct stat status = {.st_ino = entry->d_ino, .st_mode = (mode_t)DTTOIF(entry->d_type)};
    if (fill(into, entry->d_name, &status, 0, 0)) break;
  }
  closedir(directory);
  return 0;
}

static int do_mknod(const char *path, mode_t mode, dev_t device) {
  REAL(real, path);
  return answer(mknod(real, mode, device));
}

static int do_mkdir(const char *path, mode_t mode) {
  FAULT(MKDIR);
  REAL(real, path);
  return answer(mkdir(real, mode));
}

static int do_unlink(const char *path) {
  FAULT(UNLINK);
  REAL(real, path);
  return answer(unlink(real));
}

static int do_rmdir(const char *path) {
  REAL(real, path);
  return answer(rmdir(real));
}

static int do_symlink(const char *target, const char *path) {
  FAULT(SYMLINK);
  REAL(real, path);
  return answer(symlink(target, real));
}

static int do_rename(const char *from, const char *to, unsigned int flags) {
  if (flags) FAULT(RENAME_EXCLUSIVE);
  FAULT(RENAME);
  REAL(real_from, from);
  REAL(real_to, to);
  renamed = late_renames;
  return answer(renameat2(AT_FDCWD, real_from, AT_FDCWD, real_to, flags));
}

static int do_link(const char *from, const char *to) {
  FAULT(LINK);
  REAL(real_from, from);
  REAL(real_to, to);
  return answer(link(real_from, real_to));
}

static int do_chmod(const char *path, mode_t mode, struct fuse_file_info *file) {
  (void)file;
  FAULT(CHMOD);
  REAL(real, path);
  return answer(chmod(real, mode));
}

static int do_chown(const char *path, uid_t user, gid_t group, struct fuse_file_info *file) {
  (void)file;
  FAULT(CHOWN);
  REAL(real, path);
  return answer(lchown(real, user, group));
}

static int do_truncate(const char *path, off_t size, struct fuse_file_info *file) {
  FAULT(TRUNCATE);
  REAL(real, path);
  return answer(file ? ftruncate((int)file->fh, size) : truncate(real, size));
}

static int do_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *file) {
  (void)file;
  FAULT(UTIMENS);
  REAL(real, path);
  return answer(utimensat(AT_FDCWD, real, times, AT_SYMLINK_NOFOLLOW));
}

static int opened(int descriptor, struct fuse_file_info *file) {
  if (descriptor < 0) return -errno;
  file->direct_io = short_reads;
  file->fh = (uint64_t)descriptor;
  return 0;
}

static int do_open(const char *path, struct fuse_file_info *file) {
  FAULT(OPEN);
  REAL(real, path);
  return opened(open(real, file->flags & ~(O_DIRECT | O_APPEND)), file);
}

static int do_create(const char *path, mode_t mode, struct fuse_file_info *file) {
  FAULT(OPEN);
  REAL(real, path);
  return opened(open(real, file->flags & ~(O_DIRECT | O_APPEND), mode), file);
}

static int do_read(const char *path, char *into, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)path;
  FAULT_AT(READ, offset + (off_t)size);
  if (short_reads && size > SHORT_READ) size = SHORT_READ;
  return answer(pread((int)file->fh, into, size, offset));
}

static int do_write(const char *path, const char *from, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)path;
  FAULT_AT(WRITE, offset + (off_t)size);
  return answer(pwrite((int)file->fh, from, size, offset));
}

static int do_statfs(const char *path, struct statvfs *into) {
  (void)path;
  FAULT(STATFS);
  return answer(statvfs(root, into));
}

static int do_flush(const char *path, struct fuse_file_info *file) {
  (void)path;
  FAULT(FLUSH);
  struct stat status;
  if (!renamed || fstat((int)file->fh, &status)) return 0;
  renamed = 0;
  return answer(fchmod((int)file->fh, status.st_mode & 07777));
}

static int do_release(const char *path, struct fuse_file_info *file) {
  (void)path;
  return answer(close((int)file->fh));
}

static int do_fsync(const char *path, int only_data, struct fuse_file_info *file) {
  (void)path, (void)only_data;
  FAULT(FSYNC);
  return answer(fsync((int)file->fh));
}

static int do_setxattr(const char *path, const char *name, const char *value, size_t size, int flags) {
  FAULT(XATTR);
  REAL(real, path);
  return answer(lsetxattr(real, name, value, size, flags));
}

static int do_getxattr(const char *path, const char *name, char *value, size_t size) {
  FAULT(XATTR);
  REAL(real, path);
  return answer(lgetxattr(real, name, value, size));
}

static int do_listxattr(const char *path, char *into, size_t size) {
  FAULT(XATTR);
  REAL(real, path);
  return answer(llistxattr(real, into, size));
}

static int do_fallocate(const char *path, int mode, off_t offset, off_t size, struct fuse_file_info *file) {
  (void)path;
  FAULT(FALLOCATE);
  return answer(fallocate((int)file->fh, mode, offset, size));
}

static ssize_t do_copy_file_range(const char *path_in, struct fuse_file_info *in, off_t offset_in,
                                  const char *path_out, struct fuse_file_info *out, off_t offset_out,
                                  size_t size, int flags) {
  (void)path_in, (void)path_out;
  FAULT(COPY_FILE_RANGE);
  ssize_t copied =
      copy_file_range((int)in->fh, &offset_in, (int)out->fh, &offset_out, size, (unsigned int)flags);
  return copied < 0 ? -errno : copied;
}

static off_t do_lseek(const char *path, off_t offset, int whence, struct fuse_file_info *file) {
  (void)path;
  FAULT(LSEEK);
  struct stat status;
  if (seek_to_end) return fstat((int)file->fh, &status) ? -errno : status.st_size;
  off_t position = lseek((int)file->fh, offset, whence);
  return position < 0 ? -errno : position;
}

/* Nothing is remembered: what is changed behind the mount is seen at once. */
static void *do_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->use_ino = 1;
  config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
  config->hard_remove = 1;
  return NULL;
}

int main(int argc, char **argv) {
  const char *given = getenv("FAULTYFS_FAULTS");
  root = getenv("FAULTYFS_ROOT");
  if (!root) give_up("FAULTYFS_ROOT is not set");
  char *list = strdup(given ? given : ""), *rest = list;
  for (char *fault; (fault = strsep(&rest, " "));)
    if (*fault) parse_fault(fault);
  free(list);
  umask(0);
  static const struct fuse_operations operations = {
    .init = do_init, .getattr = do_getattr, .readlink = do_readlink, .readdir = do_readdir, .mknod = do_mknod,
    .mkdir = do_mkdir, .unlink = do_unlink, .rmdir = do_rmdir, .symlink = do_symlink, .rename = do_rename,
    .link = do_link, .chmod = do_chmod, .chown = do_chown, .truncate = do_truncate, .utimens = do_utimens,
    .open = do_open, .create = do_create, .read = do_read, .write = do_write, .statfs = do_statfs,
    .flush = do_flush, .release = do_release, .fsync = do_fsync, .setxattr = do_setxattr,
    .getxattr = do_getxattr, .listxattr = do_listxattr, .fallocate = do_fallocate,
    .copy_file_range = do_copy_file_range, .lseek = do_lseek,
  };
  return fuse_main(argc, argv, &operations, NULL);
}
