/* What is remembered of files, by their numbers on their volumes, and what the tests set and count. */
#include "hook.h"

#define REFERENCE_LIMIT 8175
#define CLUSTER_BYTES 4096
#define CHUNK_BYTES (1 << 20)

struct settings settings = {.cluster_bytes = CLUSTER_BYTES,
                            .reference_limit = REFERENCE_LIMIT,
                            .copy_chunk_bytes = CHUNK_BYTES};
struct counters counters;

static SRWLOCK lock = SRWLOCK_INIT;
static struct file_state *files;
static size_t count, capacity;

static BOOL identify(HANDLE file, DWORD *volume, uint64_t *index) {
  BY_HANDLE_FILE_INFORMATION information;
  if (!GetFileInformationByHandle(file, &information)) return FALSE;
  *volume = information.dwVolumeSerialNumber;
  *index = (uint64_t)information.nFileIndexHigh << 32 | information.nFileIndexLow;
  return TRUE;
}

static struct file_state *find(DWORD volume, uint64_t index) {
  for (size_t i = 0; i < count; i++) {
    if (files[i].volume == volume && files[i].index == index) return &files[i];
  }
  return NULL;
}

struct file_state *lock_state(HANDLE file) {
  DWORD volume;
  uint64_t index;
  if (!identify(file, &volume, &index)) return NULL;
  AcquireSRWLockExclusive(&lock);
  struct file_state *found = find(volume, index);
  if (found) return found;
  if (count == capacity) {
    struct file_state *more = allocate((capacity = capacity ? capacity * 2 : 64) * sizeof *files);
    if (files) memcpy(more, files, count * sizeof *files), release(files);
    files = more;
  }
  found = &files[count++];
  *found = (struct file_state){.volume = volume, .index = index, .checksum = (WORD)settings.new_checksum};
  return found;
}

void unlock_state(void) { ReleaseSRWLockExclusive(&lock); }

struct file_state state_of(HANDLE file) {
  struct file_state *found = lock_state(file), copy = {0};
  if (!found) return copy;
  copy = *found;
  unlock_state();
  return copy;
}

/* A number is given to another file once its own is gone. */
void forget_file(HANDLE file) {
  DWORD volume;
  uint64_t index;
  if (!identify(file, &volume, &index)) return;
  AcquireSRWLockExclusive(&lock);
  struct file_state *found = find(volume, index);
  if (found) *found = files[--count];
  unlock_state();
}

EXPORT void hook_reset(void) {
  AcquireSRWLockExclusive(&lock);
  count = 0;
  settings = (struct settings){.cluster_bytes = CLUSTER_BYTES,
                               .reference_limit = REFERENCE_LIMIT,
                               .copy_chunk_bytes = CHUNK_BYTES};
  memset((void *)&counters, 0, sizeof counters);
  unlock_state();
}

EXPORT void hook_mode(int volume) { settings.volume = volume; }
EXPORT void hook_dev_drive(int dev_drive) { settings.dev_drive = dev_drive; }
EXPORT void hook_cluster_bytes(int bytes) { settings.cluster_bytes = bytes; }
EXPORT void hook_reference_limit(int limit) { settings.reference_limit = limit; }
EXPORT void hook_new_checksum(int checksum) { settings.new_checksum = checksum; }
EXPORT void hook_fail_next_clone(int error) { settings.fail_next_clone = error; }
EXPORT void hook_fail_next_copy(int error) { settings.fail_next_copy = error; }
EXPORT void hook_copy_chunk_bytes(int bytes) { settings.copy_chunk_bytes = bytes; }
EXPORT void hook_copy_pause_ms(int ms) { settings.copy_pause_ms = ms; }

EXPORT int64_t hook_clones(void) { return counters.clones; }
EXPORT int64_t hook_cloned_bytes(void) { return counters.cloned_bytes; }
EXPORT int64_t hook_copies(void) { return counters.copies; }
EXPORT int64_t hook_copied_bytes(void) { return counters.copied_bytes; }
