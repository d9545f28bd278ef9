/*
 * hook.dll stands in for what Wine does not have of Windows: volumes that clone blocks, and copies that tell how
 * far they are. Loaded into a process before anybody asks kernel32.dll for a function, it puts its own in place of
 * a few (redirect.c). Node.js itself, which was linked before, keeps Wine's.
 *
 * What ReFS does here is what Microsoft's documentation says that it does: "Block Cloning on ReFS", [MS-FSCC]
 * 2.3.7 and 2.3.8, [MS-FSA] 2.1.5.10.4. It was not compared with a ReFS volume. Where the documentation names no
 * error, the code says "assumed". Clones are copies here: they can be counted, not seen on a disk.
 */
#pragma once
#include <windows.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __declspec(dllexport)

/* What every volume seems to be. */
enum volume_kind { VOLUME_OF_WINE, VOLUME_NTFS, VOLUME_REFS };

/* Set by the tests, read by every thread. */
struct settings {
  volatile LONG volume;
  volatile LONG dev_drive;
  volatile LONG cluster_bytes;
  volatile LONG reference_limit;
  volatile LONG new_checksum;
  volatile LONG fail_next_clone;
  volatile LONG fail_next_copy;
  volatile LONG copy_chunk_bytes;
  volatile LONG copy_pause_ms;
};

struct counters {
  volatile LONG64 clones, cloned_bytes, copies, copied_bytes;
};

extern struct settings settings;
extern struct counters counters;

/* What Wine keeps of no file. */
struct file_state {
  DWORD volume;
  uint64_t index;
  WORD checksum;
  DWORD integrity_flags;
  LONG references;
  BOOL sparse;
};

/* state.c: both take a lock that `unlock_state` gives back. NULL: the file cannot be identified. */
struct file_state *lock_state(HANDLE file);
void unlock_state(void);
void forget_file(HANDLE file);
struct file_state state_of(HANDLE file);

/* Wine's own functions. */
#define REDIRECTED(X)                                                                                             \
  X(BOOL, DeviceIoControl, (HANDLE, DWORD, LPVOID, DWORD, LPVOID, DWORD, LPDWORD, LPOVERLAPPED))                    \
  X(BOOL, CopyFileExW, (LPCWSTR, LPCWSTR, LPPROGRESS_ROUTINE, LPVOID, LPBOOL, DWORD))                              \
  X(HANDLE, CreateFileW, (LPCWSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD, HANDLE))                      \
  X(BOOL, GetFileInformationByHandleEx, (HANDLE, FILE_INFO_BY_HANDLE_CLASS, LPVOID, DWORD))                         \
  X(BOOL, GetVolumeInformationW, (LPCWSTR, LPWSTR, DWORD, LPDWORD, LPDWORD, LPDWORD, LPWSTR, DWORD))                \
  X(BOOL, GetVolumeInformationByHandleW, (HANDLE, LPWSTR, DWORD, LPDWORD, LPDWORD, LPDWORD, LPWSTR, DWORD))         \
  X(BOOL, GetDiskFreeSpaceW, (LPCWSTR, LPDWORD, LPDWORD, LPDWORD, LPDWORD))

#define DECLARE(result, name, parameters)                                                                         \
  extern result(WINAPI *wine_##name) parameters;                                                                  \
  result WINAPI hook_##name parameters;
REDIRECTED(DECLARE)
#undef DECLARE

/* Windows' functions only: without the C library there is little to link, and little to compile first. */
static inline void *allocate(size_t bytes) { return HeapAlloc(GetProcessHeap(), 0, bytes); }
static inline void release(void *memory) { HeapFree(GetProcessHeap(), 0, memory); }

static inline BOOL fail(DWORD error) {
  SetLastError(error);
  return FALSE;
}
