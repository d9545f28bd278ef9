/* The requests to a filesystem that Wine does not know. */
#include "hook.h"
#include <winioctl.h>
#include <winternl.h>

#define DUPLICATE_EXTENTS_TO_FILE 0x98344
#define GET_INTEGRITY_INFORMATION 0x9027c
#define SET_INTEGRITY_INFORMATION 0x9c280
#define SET_SPARSE 0x900c4
#define QUERY_ALLOCATED_RANGES 0x940cf
#define QUERY_PERSISTENT_VOLUME_STATE 0x9023c

#define STATE_DEV_VOLUME 0x2000
#define CHECKSUM_TYPE_UNCHANGED 0xffff
#define BLOCK_TOO_MANY_REFERENCES 347
#define FOUR_GIB (4ll << 30)
#define BUFFER_BYTES (1 << 20)

struct duplicate_extents {
  HANDLE source;
  LARGE_INTEGER from, to, bytes;
};

struct integrity {
  WORD checksum, reserved;
  DWORD flags, chunk_bytes, cluster_bytes;
};

struct set_integrity {
  WORD checksum, reserved;
  DWORD flags;
};

struct persistent_state {
  DWORD flags, mask, version, reserved;
};

struct range {
  LARGE_INTEGER offset, length;
};

struct request {
  HANDLE file;
  DWORD code;
  const void *in;
  DWORD in_bytes;
  void *out;
  DWORD out_bytes, answered;
};

static ACCESS_MASK granted(HANDLE file) {
  PUBLIC_OBJECT_BASIC_INFORMATION basic;
  return NtQueryObject(file, ObjectBasicInformation, &basic, sizeof basic, NULL) ? 0 : basic.GrantedAccess;
}

/* As Windows' I/O manager does: bits 14 and 15 of a code are the access it needs, in reading and in writing. */
static BOOL may_ask(HANDLE file, DWORD code) {
  ACCESS_MASK needed = 0, has = granted(file);
  if (code >> 14 & FILE_READ_ACCESS) needed |= FILE_READ_DATA;
  if (code >> 14 & FILE_WRITE_ACCESS) needed |= FILE_WRITE_DATA;
  return (has & needed) == needed;
}

static LONGLONG round_up(LONGLONG bytes) {
  LONGLONG cluster = settings.cluster_bytes;
  return (bytes + cluster - 1) / cluster * cluster;
}

/* The error for a clone that the documentation does not allow, or 0. */
static DWORD refusal(HANDLE target, const struct duplicate_extents *data) {
  struct file_state from = state_of(data->source), to = state_of(target);
  LARGE_INTEGER from_size, to_size;
  if (!GetFileSizeEx(data->source, &from_size) || from.volume != to.volume) return ERROR_INVALID_PARAMETER;
  if (!GetFileSizeEx(target, &to_size)) return GetLastError();
  LONGLONG source = data->from.QuadPart, destination = data->to.QuadPart, bytes = data->bytes.QuadPart;
  if (source < 0 || destination < 0 || bytes < 0) return ERROR_INVALID_PARAMETER;
  if (source != round_up(source) || destination != round_up(destination) || bytes != round_up(bytes))
    return ERROR_INVALID_PARAMETER;
  if (bytes >= FOUR_GIB) return ERROR_INVALID_PARAMETER; /* assumed */
  if (from.checksum != to.checksum) return ERROR_INVALID_PARAMETER; /* assumed */
  if (from.sparse && !to.sparse) return ERROR_NOT_SUPPORTED;
  if (source + bytes > round_up(from_size.QuadPart)) return ERROR_NOT_SUPPORTED;
  if (destination + bytes > round_up(to_size.QuadPart)) return ERROR_NOT_SUPPORTED; /* assumed */
  if (from.index == to.index && source < destination + bytes && destination < source + bytes) return ERROR_NOT_SUPPORTED;
  if (from.references >= settings.reference_limit) return BLOCK_TOO_MANY_REFERENCES;
  return 0;
}

/* Reading and writing at an offset moves a file's position, cloning does not. */
static DWORD copy_bytes(HANDLE source, HANDLE target, LONGLONG from, LONGLONG to, LONGLONG bytes) {
  LARGE_INTEGER none = {0}, source_at, target_at, end;
  if (!SetFilePointerEx(source, none, &source_at, FILE_CURRENT) ||
      !SetFilePointerEx(target, none, &target_at, FILE_CURRENT) || !GetFileSizeEx(target, &end))
    return GetLastError();
  if (to + bytes > end.QuadPart) bytes = end.QuadPart - to;
  char *buffer = allocate(BUFFER_BYTES);
  DWORD error = 0;
  while (bytes > 0 && !error) {
    DWORD part = bytes > BUFFER_BYTES ? BUFFER_BYTES : (DWORD)bytes, got = 0, put;
    OVERLAPPED read_at = {.Offset = (DWORD)from, .OffsetHigh = (DWORD)(from >> 32)};
    OVERLAPPED write_at = {.Offset = (DWORD)to, .OffsetHigh = (DWORD)(to >> 32)};
    if (!ReadFile(source, buffer, part, &got, &read_at) && GetLastError() != ERROR_HANDLE_EOF) error = GetLastError();
    /* What is left of a source's last cluster. */
    memset(buffer + got, 0, part - got);
    if (!error && !WriteFile(target, buffer, part, &put, &write_at)) error = GetLastError();
    from += part, to += part, bytes -= part;
  }
  release(buffer);
  SetFilePointerEx(source, source_at, NULL, FILE_BEGIN);
  SetFilePointerEx(target, target_at, NULL, FILE_BEGIN);
  return error;
}

static DWORD duplicate_extents(struct request *request) {
  DWORD forced = InterlockedExchange(&settings.fail_next_clone, 0);
  if (forced) return forced;
  if (settings.volume == VOLUME_NTFS) return ERROR_INVALID_FUNCTION;
  struct duplicate_extents data;
  if (request->in_bytes < sizeof data) return ERROR_INSUFFICIENT_BUFFER;
  memcpy(&data, request->in, sizeof data);
  DWORD error = refusal(request->file, &data);
  if (!error)
    error = copy_bytes(data.source, request->file, data.from.QuadPart, data.to.QuadPart, data.bytes.QuadPart);
  if (error) return error;
  struct file_state *source = lock_state(data.source);
  if (source) {
    source->references++;
    unlock_state();
  }
  InterlockedIncrement64(&counters.clones);
  InterlockedExchangeAdd64(&counters.cloned_bytes, data.bytes.QuadPart);
  return 0;
}

static DWORD get_integrity(struct request *request) {
  if (settings.volume == VOLUME_NTFS) return ERROR_INVALID_FUNCTION;
  struct file_state state = state_of(request->file);
  struct integrity answer = {.checksum = state.checksum,
                             .flags = state.integrity_flags,
                             .chunk_bytes = settings.cluster_bytes,
                             .cluster_bytes = settings.cluster_bytes};
  if (request->out_bytes < sizeof answer) return ERROR_INSUFFICIENT_BUFFER;
  memcpy(request->out, &answer, request->answered = sizeof answer);
  return 0;
}

static DWORD set_integrity(struct request *request) {
  struct set_integrity wanted;
  LARGE_INTEGER size;
  if (settings.volume == VOLUME_NTFS) return ERROR_INVALID_FUNCTION;
  if (request->in_bytes < sizeof wanted) return ERROR_INSUFFICIENT_BUFFER;
  memcpy(&wanted, request->in, sizeof wanted);
  if (!GetFileSizeEx(request->file, &size)) return GetLastError();
  struct file_state *state = lock_state(request->file);
  if (!state) return ERROR_INVALID_HANDLE;
  BOOL changes = wanted.checksum != CHECKSUM_TYPE_UNCHANGED && wanted.checksum != state->checksum;
  BOOL refused = changes && size.QuadPart > 0; /* assumed */
  if (changes && !refused) state->checksum = wanted.checksum;
  if (!refused) state->integrity_flags = wanted.flags;
  unlock_state();
  return refused ? ERROR_INVALID_PARAMETER : 0;
}

static DWORD set_sparse(struct request *request) {
  if (!(granted(request->file) & (FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES))) return ERROR_ACCESS_DENIED;
  struct file_state *state = lock_state(request->file);
  if (!state) return ERROR_INVALID_HANDLE;
  /* Without a buffer it means yes. */
  state->sparse = request->in_bytes == 0 || *(const BYTE *)request->in != 0;
  unlock_state();
  return 0;
}

static BOOL is_zero(const char *bytes, DWORD count) {
  for (DWORD i = 0; i < count; i++) {
    if (bytes[i]) return FALSE;
  }
  return TRUE;
}

/* A sparse file seems to have no blocks where it has nothing but zeros; any other has all of them. */
static DWORD allocated_ranges(struct request *request) {
  struct range asked, *ranges = request->out;
  LARGE_INTEGER size, none = {0}, at;
  if (request->in_bytes < sizeof asked) return ERROR_INVALID_PARAMETER;
  memcpy(&asked, request->in, sizeof asked);
  if (!GetFileSizeEx(request->file, &size) || !SetFilePointerEx(request->file, none, &at, FILE_CURRENT))
    return GetLastError();
  BOOL sparse = state_of(request->file).sparse;
  LONGLONG cluster = settings.cluster_bytes, end = asked.offset.QuadPart + asked.length.QuadPart;
  if (end > size.QuadPart) end = size.QuadPart;
  DWORD room = request->out_bytes / sizeof *ranges, count = 0, error = 0;
  char *buffer = allocate(cluster);
  BOOL open = FALSE;
  for (LONGLONG from = asked.offset.QuadPart / cluster * cluster; from < end && !error; from += cluster) {
    OVERLAPPED read_at = {.Offset = (DWORD)from, .OffsetHigh = (DWORD)(from >> 32)};
    DWORD got = 0;
    if (sparse && !ReadFile(request->file, buffer, (DWORD)cluster, &got, &read_at)) error = GetLastError();
    if (sparse && is_zero(buffer, got)) {
      open = FALSE;
    } else if (open) {
      ranges[count - 1].length.QuadPart += cluster;
    } else if (count == room) {
      error = ERROR_MORE_DATA;
    } else {
      ranges[count++] = (struct range){.offset.QuadPart = from, .length.QuadPart = cluster};
      open = TRUE;
    }
  }
  release(buffer);
  SetFilePointerEx(request->file, at, NULL, FILE_BEGIN);
  request->answered = count * sizeof *ranges;
  return error;
}

static DWORD persistent_state(struct request *request) {
  struct persistent_state asked, answer = {.version = 1};
  if (request->in_bytes < sizeof asked || request->out_bytes < sizeof answer) return ERROR_INSUFFICIENT_BUFFER;
  memcpy(&asked, request->in, sizeof asked);
  if (asked.version != 1) return ERROR_INVALID_PARAMETER;
  answer.mask = asked.mask;
  if (settings.dev_drive) answer.flags = asked.mask & STATE_DEV_VOLUME;
  memcpy(request->out, &answer, request->answered = sizeof answer);
  return 0;
}

static DWORD (*handler_of(DWORD code))(struct request *) {
  switch (code) {
  case DUPLICATE_EXTENTS_TO_FILE: return duplicate_extents;
  case GET_INTEGRITY_INFORMATION: return get_integrity;
  case SET_INTEGRITY_INFORMATION: return set_integrity;
  case SET_SPARSE: return set_sparse;
  case QUERY_ALLOCATED_RANGES: return allocated_ranges;
  case QUERY_PERSISTENT_VOLUME_STATE: return persistent_state;
  default: return NULL;
  }
}

BOOL WINAPI hook_DeviceIoControl(HANDLE file, DWORD code, LPVOID in, DWORD in_bytes, LPVOID out, DWORD out_bytes,
                                 LPDWORD returned, LPOVERLAPPED overlapped) {
  DWORD (*handler)(struct request *) = settings.volume == VOLUME_OF_WINE ? NULL : handler_of(code);
  if (!handler) return wine_DeviceIoControl(file, code, in, in_bytes, out, out_bytes, returned, overlapped);
  /* Windows writes there without looking. */
  if (!returned && !overlapped) return fail(ERROR_INVALID_PARAMETER);
  if (!may_ask(file, code)) return fail(ERROR_ACCESS_DENIED);
  struct request request = {file, code, in, in ? in_bytes : 0, out, out ? out_bytes : 0, 0};
  DWORD error = handler(&request);
  if (returned) *returned = request.answered;
  return error ? fail(error) : TRUE;
}
