/* CopyFileExW that calls its progress routine and can be ended, as in Windows; Wine's does neither. */
#include "hook.h"

struct copying {
  HANDLE source, destination;
  LARGE_INTEGER size, done;
  LPPROGRESS_ROUTINE progress;
  LPVOID data;
  volatile BOOL *cancel;
};

enum outcome { GO_ON, CANCELLED, STOPPED };

static enum outcome tell(struct copying *copying, DWORD reason) {
  if (copying->cancel && *copying->cancel) return CANCELLED;
  if (!copying->progress) return GO_ON;
  switch (copying->progress(copying->size, copying->done, copying->size, copying->done, 1, reason, copying->source,
                            copying->destination, copying->data)) {
  case PROGRESS_CANCEL: return CANCELLED;
  case PROGRESS_STOP: return STOPPED;
  case PROGRESS_QUIET: copying->progress = NULL; return GO_ON;
  default: return GO_ON;
  }
}

static DWORD copy_data(struct copying *copying, enum outcome *outcome) {
  DWORD chunk = settings.copy_chunk_bytes, got, put, error = 0;
  char *buffer = allocate(chunk);
  *outcome = tell(copying, CALLBACK_STREAM_SWITCH);
  while (!error && *outcome == GO_ON) {
    if (settings.copy_pause_ms) Sleep(settings.copy_pause_ms);
    if (!ReadFile(copying->source, buffer, chunk, &got, NULL)) error = GetLastError();
    if (error || got == 0) break;
    if (!WriteFile(copying->destination, buffer, got, &put, NULL)) error = GetLastError();
    copying->done.QuadPart += got;
    if (!error) *outcome = tell(copying, CALLBACK_CHUNK_FINISHED);
  }
  release(buffer);
  return error ? error : *outcome == GO_ON ? 0 : ERROR_REQUEST_ABORTED;
}

/* The attributes and the time of the last change are the source's, the others are new. */
static DWORD copy_time(struct copying *copying, DWORD *attributes) {
  BY_HANDLE_FILE_INFORMATION information;
  if (!GetFileInformationByHandle(copying->source, &information)) return GetLastError();
  *attributes = information.dwFileAttributes | FILE_ATTRIBUTE_ARCHIVE;
  return SetFileTime(copying->destination, NULL, NULL, &information.ftLastWriteTime) ? 0 : GetLastError();
}

static DWORD open_both(struct copying *copying, LPCWSTR from, LPCWSTR to, DWORD flags) {
  DWORD existing = GetFileAttributesW(to);
  DWORD disposition = flags & COPY_FILE_FAIL_IF_EXISTS ? CREATE_NEW : CREATE_ALWAYS;
  copying->source = CreateFileW(from, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
  if (copying->source == INVALID_HANDLE_VALUE) return GetLastError();
  /* Wine lets root write to such a file. */
  if (disposition == CREATE_ALWAYS && existing != INVALID_FILE_ATTRIBUTES &&
      existing & (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN))
    return ERROR_ACCESS_DENIED;
  copying->destination = hook_CreateFileW(to, GENERIC_WRITE | DELETE, 0, NULL, disposition, 0, NULL);
  if (copying->destination == INVALID_HANDLE_VALUE) return GetLastError();
  return GetFileSizeEx(copying->source, &copying->size) ? 0 : GetLastError();
}

BOOL WINAPI hook_CopyFileExW(LPCWSTR from, LPCWSTR to, LPPROGRESS_ROUTINE progress, LPVOID data, LPBOOL cancel,
                             DWORD flags) {
  DWORD forced = InterlockedExchange(&settings.fail_next_copy, 0), attributes = 0;
  if (forced) return fail(forced);
  struct copying copying = {.source = INVALID_HANDLE_VALUE,
                            .destination = INVALID_HANDLE_VALUE,
                            .progress = progress,
                            .data = data,
                            .cancel = cancel};
  enum outcome outcome = GO_ON;
  DWORD error = open_both(&copying, from, to, flags);
  BOOL created = copying.destination != INVALID_HANDLE_VALUE;
  if (!error) error = copy_data(&copying, &outcome);
  if (!error) error = copy_time(&copying, &attributes);
  if (created) CloseHandle(copying.destination);
  if (copying.source != INVALID_HANDLE_VALUE) CloseHandle(copying.source);
  if (!error && !SetFileAttributesW(to, attributes)) error = GetLastError();
  if (error) {
    if (created && outcome != STOPPED) DeleteFileW(to);
    return fail(error);
  }
  InterlockedIncrement64(&counters.copies);
  InterlockedExchangeAdd64(&counters.copied_bytes, copying.done.QuadPart);
  return TRUE;
}
