/*
 * A library to preload into a process (LD_PRELOAD). It makes some of the system calls for files below FAULTS_BELOW
 * behave as after a signal or on a failing disk. FAULTS determines which: "gentle SEED RATE" interrupts calls (EINTR)
 * and lets reads, writes and copies transfer fewer bytes than they could, about one call in RATE; "once SEED AT
 * ERRNO" lets the call with the number AT fail, "since SEED AT ERRNO" this call and all later ones.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum { NONE, GENTLE, ONCE, SINCE } kind;
static unsigned seed, rate, at;
static int error_number;
static const char *below;
static atomic_uint calls;

__attribute__((constructor)) static void prepare(void) {
  const char *faults = getenv("FAULTS");
  below = getenv("FAULTS_BELOW");
  if (!faults || !below) return;
  if (sscanf(faults, "gentle %u %u", &seed, &rate) == 2) kind = GENTLE;
  else if (sscanf(faults, "once %u %u %d", &seed, &at, &error_number) == 3) kind = ONCE;
  else if (sscanf(faults, "since %u %u %d", &seed, &at, &error_number) == 3) kind = SINCE;
  else abort();
}

static void *next(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static int is_below(const char *path) { return !strncmp(path, below, strlen(below)); }

/* Whether an open file or directory is below FAULTS_BELOW. */
static int holds(int fd) {
  char link[64], path[PATH_MAX];
  int before = errno;
  if (kind == NONE || fd < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static int holds_name(int directory, const char *name) {
  if (kind == NONE) return 0;
  return *name == '/' ? is_below(name) : holds(directory);
}

static unsigned hash(unsigned number) {
  uint64_t mixed = (uint64_t)seed * 0x9E3779B97F4A7C15u + number;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return (unsigned)(mixed >> 33);
}

/* The error that a call returns, or 0 if it succeeds. `interruptible`: whether a signal may interrupt it. */
static int fault(int interruptible) {
  unsigned number = atomic_fetch_add(&calls, 1);
  if (kind == ONCE) return number == at ? error_number : 0;
  if (kind == SINCE) return number >= at ? error_number : 0;
  return interruptible && hash(number) % rate == 0 ? EINTR : 0;
}

/* How many of the given bytes a call transfers. */
static size_t shortened(size_t bytes) {
  unsigned number = hash(atomic_load(&calls) + 0x10000000);
  return kind == GENTLE && bytes > 1 && number % rate == 1 ? 1 + hash(number) % (bytes - 1) : bytes;
}

#define FAIL(error) return errno = (error), -1
#define CHECK(holds, interruptible) \
  if (holds) { \
    int error = fault(interruptible); \
    if (error) FAIL(error); \
  }
#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))next(name)

int openat(int directory, const char *path, int flags, ...) {
  REAL(int, "openat", int, const char *, int, mode_t);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  CHECK(holds_name(directory, path), 1);
  return real(directory, path, flags, mode);
}

ssize_t read(int fd, void *buffer, size_t size) {
  REAL(ssize_t, "read", int, void *, size_t);
  if (!holds(fd)) return real(fd, buffer, size);
  CHECK(1, 1);
  /* Direct I/O transfers only whole blocks. */
  return real(fd, buffer, size % 4096 ? shortened(size) : size);
}

ssize_t write(int fd, const void *buffer, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  if (!holds(fd)) return real(fd, buffer, size);
  CHECK(1, 1);
  return real(fd, buffer, shortened(size));
}

/* node:fs calls this if a position is given. */
ssize_t pread64(int fd, void *buffer, size_t size, off64_t position) {
  REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
  if (!holds(fd)) return real(fd, buffer, size, position);
  CHECK(1, 1);
  return real(fd, buffer, shortened(size), position);
}

ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t position) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  if (!holds(fd)) return real(fd, buffer, size, position);
  CHECK(1, 1);
  return real(fd, buffer, shortened(size), position);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags) {
  REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
  CHECK(holds(to), 1);
  return real(from, from_at, to, to_at, holds(to) ? shortened(size) : size, flags);
}

int ftruncate(int fd, off_t size) {
  REAL(int, "ftruncate", int, off_t);
  CHECK(holds(fd), 1);
  return real(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  REAL(int, "fallocate", int, int, off_t, off_t);
  CHECK(holds(fd), 1);
  return real(fd, mode, offset, size);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  CHECK(holds(fd), 1);
  return real(fd);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  CHECK(holds(fd), 1);
  return real(fd);
}

int ioctl(int fd, unsigned long request, ...) {
  REAL(int, "ioctl", int, unsigned long, void *);
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  CHECK(holds(fd), 1);
  return real(fd, request, argument);
}

int fchmod(int fd, mode_t mode) {
  REAL(int, "fchmod", int, mode_t);
  CHECK(holds(fd), 0);
  return real(fd, mode);
}

int futimens(int fd, const struct timespec times[2]) {
  REAL(int, "futimens", int, const struct timespec *);
  CHECK(holds(fd), 0);
  return real(fd, times);
}

int statx(int directory, const char *restrict path, int flags, unsigned mask, struct statx *restrict into) {
  REAL(int, "statx", int, const char *, int, unsigned, struct statx *);
  CHECK(holds_name(directory, path), 0);
  return real(directory, path, flags, mask, into);
}

int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(int, "mkdirat", int, const char *, mode_t);
  CHECK(holds_name(directory, path), 0);
  return real(directory, path, mode);
}

int unlinkat(int directory, const char *path, int flags) {
  REAL(int, "unlinkat", int, const char *, int);
  CHECK(holds_name(directory, path), 0);
  return real(directory, path, flags);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  REAL(int, "renameat", int, const char *, int, const char *);
  CHECK(holds_name(to_directory, to), 0);
  return real(from_directory, from, to_directory, to);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
  CHECK(holds_name(to_directory, to), 0);
  return real(from_directory, from, to_directory, to, flags);
}
