// The least that copying a tree can cost: the same system calls for each file, and nothing around them.
//   floor clone|copy_file_range|read_write THREADS FROM TO
// It prints the milliseconds from its first line to its last: starting a process is no part of the floor.
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, LARGEST_CALL = 1 << 30 };
static const unsigned MASK = STATX_BASIC_STATS;

struct task {
  int from;
  int to;
  char *name;
};
static struct task *tasks;
static size_t count, room;
static atomic_size_t next;
static enum { CLONE, COPY_FILE_RANGE, READ_WRITE } mode;

static void add(int from, int to, const char *name) {
  if (count == room) {
    room = room ? room * 2 : 1024;
    tasks = realloc(tasks, room * sizeof *tasks);
    if (!tasks) err(1, "realloc");
  }
  tasks[count++] = (struct task){from, to, strdup(name)};
}

static int directory(int parent, const char *name) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) err(1, "open %s", name);
  return fd;
}

static void walk(int from_parent, const char *from_name, int to_parent, const char *to_name) {
  if (mkdirat(to_parent, to_name, 0777) < 0) err(1, "mkdir %s", to_name);
  int from = directory(from_parent, from_name);
  int to = directory(to_parent, to_name);
  DIR *listing = fdopendir(dup(from));
  if (!listing) err(1, "list %s", from_name);
  for (struct dirent *entry; (entry = readdir(listing));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (entry->d_type == DT_DIR) walk(from, entry->d_name, to, entry->d_name);
    else if (entry->d_type == DT_REG) add(from, to, entry->d_name);
    else errx(1, "%s is neither a file nor a directory", entry->d_name);
  }
  closedir(listing);
}

static void read_write(int in, int out, size_t size, char *buffer, const char *name) {
  for (size_t done = 0; done < size;) {
    ssize_t got = read(in, buffer, BUFFER);
    if (got <= 0) err(1, "read %s", name);
    if (write(out, buffer, got) != got) err(1, "write %s", name);
    done += got;
  }
}

static void kernel_copy(int in, int out, size_t size, const char *name) {
  for (size_t done = 0; done < size;) {
    ssize_t got = copy_file_range(in, NULL, out, NULL, LARGEST_CALL, 0);
    if (got <= 0) err(1, "copy_file_range %s", name);
    done += got;
  }
}

static void copy(struct task *task, char *buffer) {
  struct statx source, result;
  int in = openat(task->from, task->name, O_RDONLY | O_CLOEXEC);
  if (in < 0 || statx(in, "", AT_EMPTY_PATH, MASK, &source) < 0) err(1, "open %s", task->name);
  int out = openat(task->to, task->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, source.stx_mode & 0777);
  if (out < 0) err(1, "create %s", task->name);
  if (mode == CLONE) {
    if (ioctl(out, FICLONE, in) < 0) err(1, "clone %s", task->name);
  } else {
    if (mode == READ_WRITE) read_write(in, out, source.stx_size, buffer, task->name);
    else kernel_copy(in, out, source.stx_size, task->name);
    if (statx(in, "", AT_EMPTY_PATH, MASK, &result) < 0) err(1, "statx %s", task->name);
  }
  struct timespec times[2] = {{source.stx_atime.tv_sec, source.stx_atime.tv_nsec},
                              {source.stx_mtime.tv_sec, source.stx_mtime.tv_nsec}};
  if (futimens(out, times) < 0) err(1, "utimens %s", task->name);
  if (statx(out, "", AT_EMPTY_PATH, MASK, &result) < 0) err(1, "statx %s", task->name);
  if (result.stx_size != source.stx_size) errx(1, "%s is short", task->name);
  close(in);
  close(out);
}

static void *work(void *unused) {
  char *buffer = malloc(BUFFER);
  if (!buffer) err(1, "malloc");
  for (size_t index; (index = atomic_fetch_add(&next, 1)) < count;) copy(&tasks[index], buffer);
  return unused;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  double start = now();
  if (argc != 5) errx(2, "usage: floor clone|copy_file_range|read_write THREADS FROM TO");
  if (!strcmp(argv[1], "clone")) mode = CLONE;
  else if (!strcmp(argv[1], "copy_file_range")) mode = COPY_FILE_RANGE;
  else if (!strcmp(argv[1], "read_write")) mode = READ_WRITE;
  else errx(2, "unknown mode %s", argv[1]);
  int threads = atoi(argv[2]);
  walk(AT_FDCWD, argv[3], AT_FDCWD, argv[4]);
  pthread_t others[threads];
  for (int index = 1; index < threads; index++) {
    if (pthread_create(&others[index], NULL, work, NULL)) errx(1, "pthread_create");
  }
  work(NULL);
  for (int index = 1; index < threads; index++) pthread_join(others[index], NULL);
  printf("%.3f\n", now() - start);
  return 0;
}
