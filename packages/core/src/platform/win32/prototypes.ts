/**
 * The functions in use, as Windows' headers declare them. Plain data: a test compiles them against the real
 * headers, and the types koffi needs are derived from them.
 */
export const prototypes = {
  kernel32: {
    CreateFileW: 'HANDLE CreateFileW(LPCWSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD, HANDLE)',
    CloseHandle: 'BOOL CloseHandle(HANDLE)',
    ReadFile: 'BOOL ReadFile(HANDLE, LPVOID, DWORD, LPDWORD, LPOVERLAPPED)',
    WriteFile: 'BOOL WriteFile(HANDLE, LPCVOID, DWORD, LPDWORD, LPOVERLAPPED)',
    SetFilePointerEx: 'BOOL SetFilePointerEx(HANDLE, LARGE_INTEGER, PLARGE_INTEGER, DWORD)',
    FlushFileBuffers: 'BOOL FlushFileBuffers(HANDLE)',
    GetFileInformationByHandleEx:
      'BOOL GetFileInformationByHandleEx(HANDLE, FILE_INFO_BY_HANDLE_CLASS, LPVOID, DWORD)',
    SetFileInformationByHandle:
      'BOOL SetFileInformationByHandle(HANDLE, FILE_INFO_BY_HANDLE_CLASS, LPVOID, DWORD)',
    DeviceIoControl:
      'BOOL DeviceIoControl(HANDLE, DWORD, LPVOID, DWORD, LPVOID, DWORD, LPDWORD, LPOVERLAPPED)',
    GetFileAttributesW: 'DWORD GetFileAttributesW(LPCWSTR)',
    GetFileAttributesExW: 'BOOL GetFileAttributesExW(LPCWSTR, GET_FILEEX_INFO_LEVELS, LPVOID)',
    SetFileAttributesW: 'BOOL SetFileAttributesW(LPCWSTR, DWORD)',
    CreateDirectoryW: 'BOOL CreateDirectoryW(LPCWSTR, LPSECURITY_ATTRIBUTES)',
    RemoveDirectoryW: 'BOOL RemoveDirectoryW(LPCWSTR)',
    DeleteFileW: 'BOOL DeleteFileW(LPCWSTR)',
    MoveFileExW: 'BOOL MoveFileExW(LPCWSTR, LPCWSTR, DWORD)',
    CopyFileExW: 'BOOL CopyFileExW(LPCWSTR, LPCWSTR, LPPROGRESS_ROUTINE, LPVOID, LPBOOL, DWORD)',
    CreateSymbolicLinkW: 'BOOLEAN CreateSymbolicLinkW(LPCWSTR, LPCWSTR, DWORD)',
    GetVolumeInformationByHandleW:
      'BOOL GetVolumeInformationByHandleW(HANDLE, LPWSTR, DWORD, LPDWORD, LPDWORD, LPDWORD, LPWSTR, DWORD)',
    GetVolumeInformationW:
      'BOOL GetVolumeInformationW(LPCWSTR, LPWSTR, DWORD, LPDWORD, LPDWORD, LPDWORD, LPWSTR, DWORD)',
    GetVolumePathNameW: 'BOOL GetVolumePathNameW(LPCWSTR, LPWSTR, DWORD)',
    GetDiskFreeSpaceW: 'BOOL GetDiskFreeSpaceW(LPCWSTR, LPDWORD, LPDWORD, LPDWORD, LPDWORD)',
    GetLastError: 'DWORD GetLastError(void)',
  },
  ntdll: {
    NtQueryInformationFile:
      'NTSTATUS NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS)',
    RtlNtStatusToDosError: 'ULONG RtlNtStatusToDosError(NTSTATUS)',
  },
  callbacks: {
    LPPROGRESS_ROUTINE:
      'DWORD (LARGE_INTEGER, LARGE_INTEGER, LARGE_INTEGER, LARGE_INTEGER, DWORD, DWORD, HANDLE, HANDLE, LPVOID)',
  },
} as const;

/** koffi's types for the types of Windows. A pointer that is written through is memory of the caller. */
const TYPES: Record<string, string> = {
  BOOL: 'int32_t',
  BOOLEAN: 'uint8_t',
  DWORD: 'uint32_t',
  ULONG: 'uint32_t',
  NTSTATUS: 'int32_t',
  FILE_INFO_BY_HANDLE_CLASS: 'int32_t',
  FILE_INFORMATION_CLASS: 'int32_t',
  GET_FILEEX_INFO_LEVELS: 'int32_t',
  LARGE_INTEGER: 'int64_t',
  HANDLE: 'intptr_t',
  LPCWSTR: 'str16',
  LPWSTR: 'void *',
  LPVOID: 'void *',
  LPCVOID: 'const void *',
  PVOID: 'void *',
  LPBOOL: 'void *',
  LPDWORD: 'void *',
  PLARGE_INTEGER: 'void *',
  LPOVERLAPPED: 'void *',
  LPSECURITY_ATTRIBUTES: 'void *',
  PIO_STATUS_BLOCK: 'void *',
};

/**
 * Parses a prototype. Returns koffi's types of its result and parameters, or the Windows name of a type that has
 * none.
 */
export function signature(prototype: string): { result: string; parameters: string[] } {
  const [, result, list] = /^(\w+) \w*\((.*)\)$/.exec(prototype) ?? [];
  if (result === undefined || list === undefined) throw new Error(`not a prototype: ${prototype}`);
  const names = list === 'void' ? [] : list.split(', ');
  return { result: TYPES[result] ?? result, parameters: names.map((name) => TYPES[name] ?? name) };
}
