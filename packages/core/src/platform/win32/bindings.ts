import { noteWindowsError } from '../detail.ts';
import { type Koffi, loadKoffi } from '../koffi.ts';
import { constants as C } from './constants.ts';
import { ERROR_MORE_DATA, toErrno } from './errors.ts';

/**
 * The functions in use, as Windows' headers declare them. Plain data: a test compiles them against the real
 * headers, and the types that koffi needs are derived from them.
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

/** koffi's types for the types of Windows that are not pointers, and for strings. */
const TYPES: Readonly<Record<string, string>> = {
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
};

/** koffi's type for a type of Windows. The names of pointers begin with P or LP; all lead to memory of the caller. */
export const koffiType = (name: string): string => TYPES[name] ?? (/^L?P/.test(name) ? 'void *' : name);

/** Parses a prototype. Returns the types of its result and parameters. */
function signature(prototype: string): { result: string; parameters: string[] } {
  const [, result, list] = /^(\w+) \w*\((.*)\)$/.exec(prototype) ?? [];
  if (result === undefined || list === undefined) throw new Error(`not a prototype: ${prototype}`);
  return { result, parameters: list === 'void' ? [] : list.split(', ') };
}

/** Memory that is passed to Windows by address. */
export type Memory = Uint8Array | Uint16Array | Uint32Array;

/** Called with the number of bytes copied so far. The copy ends if it returns false. */
export type OnCopied = (bytes: number) => boolean;

/**
 * The Windows functions that the engine calls. Each returns a result of 0 or more, or the negated error number. Paths
 * are absolute and start with `\\?\`.
 */
export type Bindings = ReturnType<typeof loadBindings>;

/** Loads koffi and the libraries. Throws if there is no prebuilt koffi for this runtime or addons are off. */
export function loadBindings() {
  const koffi = loadKoffi();
  const progressType = callbackType(koffi, prototypes.callbacks.LPPROGRESS_ROUTINE);
  const loadFrom = <Name extends string>(library: string, declared: Readonly<Record<Name, string>>) => {
    const loaded = koffi.load(library);
    const functions = {} as Record<Name, (...args: unknown[]) => number>;
    for (const [name, prototype] of Object.entries<string>(declared)) {
      const { result, parameters } = signature(prototype);
      const types = parameters.map((type) =>
        type === 'LPPROGRESS_ROUTINE' ? progressType : koffiType(type),
      );
      functions[name as Name] = loaded.func('__stdcall', name, koffiType(result), types);
    }
    return functions;
  };
  const k = loadFrom('kernel32.dll', prototypes.kernel32);
  const nt = loadFrom('ntdll.dll', prototypes.ntdll);

  const refused = (code: number): number => {
    const errno = toErrno(code);
    noteWindowsError(errno, code);
    return -errno;
  };
  /** Returns 1, or the negated error number. Call this right after the function. */
  const checked = (result: number): number => (result === 0 ? refused(k.GetLastError()) : 1);

  const count = new Uint32Array(1);
  const statusBlock = new Uint32Array(4);
  const queried = (handle: number, kind: number, buffer: Memory, size: number): number => {
    const status = NtQueryInformationFile(handle, statusBlock, buffer, size, kind);
    return status < 0 ? refused(nt.RtlNtStatusToDosError(status)) : 0;
  };
  const { NtQueryInformationFile } = nt;
  const {
    CreateFileW,
    CloseHandle,
    ReadFile,
    WriteFile,
    GetFileInformationByHandleEx,
    SetFileInformationByHandle,
    DeviceIoControl,
    CopyFileExW,
  } = k;

  return {
    /** Returns a handle. */
    createFile(path: string, access: number, share: number, disposition: number, flags: number) {
      const handle = CreateFileW(path, access, share, null, disposition, flags, 0);
      return handle === -1 ? refused(k.GetLastError()) : handle;
    },
    closeHandle: (handle: number) => checked(CloseHandle(handle)),
    /** Returns the bytes read, 0 at the end of the file. */
    readFile(handle: number, buffer: Memory, size: number) {
      const result = checked(ReadFile(handle, buffer, size, count, null));
      return result < 0 ? result : count[0]!;
    },
    /** Returns the bytes written. */
    writeFile(handle: number, buffer: Memory, size: number) {
      const result = checked(WriteFile(handle, buffer, size, count, null));
      return result < 0 ? result : count[0]!;
    },
    setFilePointer: (handle: number, offset: number) =>
      checked(k.SetFilePointerEx(handle, offset, null, C.FILE_BEGIN)),
    flushFileBuffers: (handle: number) => checked(k.FlushFileBuffers(handle)),
    getFileInformation: (handle: number, kind: number, buffer: Memory, size: number) =>
      checked(GetFileInformationByHandleEx(handle, kind, buffer, size)),
    setFileInformation: (handle: number, kind: number, buffer: Memory, size: number) =>
      checked(SetFileInformationByHandle(handle, kind, buffer, size)),
    /** Writes the 64-bit number that a file has on its volume to 8 bytes of `buffer`. */
    getFileIndex: (handle: number, buffer: Memory) => queried(handle, C.FileInternalInformation, buffer, 8),
    /** Writes the size of all extended attributes in bytes to 4 bytes of `buffer`. */
    getExtendedAttributesSize: (handle: number, buffer: Memory) =>
      queried(handle, C.FileEaInformation, buffer, 4),
    /** Returns the number of bytes written to `output`, even if it was too small for all data. */
    deviceIoControl(
      handle: number,
      code: number,
      input: Memory | null,
      inputSize: number,
      output: Memory | null,
      outputSize: number,
    ) {
      if (DeviceIoControl(handle, code, input, inputSize, output, outputSize, count, null) === 0) {
        const error = k.GetLastError();
        if (error !== ERROR_MORE_DATA) return refused(error);
      }
      return count[0]!;
    },
    getFileAttributes(path: string) {
      const attributes = k.GetFileAttributesW(path);
      return attributes === C.INVALID_FILE_ATTRIBUTES ? refused(k.GetLastError()) : attributes;
    },
    /** Reads attributes, size and times without opening the file. */
    getFileAttributesEx: (path: string, buffer: Memory) =>
      checked(k.GetFileAttributesExW(path, C.GetFileExInfoStandard, buffer)),
    setFileAttributes: (path: string, attributes: number) => checked(k.SetFileAttributesW(path, attributes)),
    createDirectory: (path: string) => checked(k.CreateDirectoryW(path, null)),
    removeDirectory: (path: string) => checked(k.RemoveDirectoryW(path)),
    deleteFile: (path: string) => checked(k.DeleteFileW(path)),
    moveFile: (from: string, to: string, flags: number) => checked(k.MoveFileExW(from, to, flags)),
    copyFile(from: string, to: string, flags: number, onCopied: OnCopied | null) {
      const routine =
        onCopied &&
        ((_size: number | bigint, done: number | bigint) =>
          onCopied(Number(done)) ? C.PROGRESS_CONTINUE : C.PROGRESS_CANCEL);
      return checked(CopyFileExW(from, to, routine, null, null, flags));
    },
    createSymbolicLink: (path: string, target: string, flags: number) =>
      checked(k.CreateSymbolicLinkW(path, target, flags)),
    /** Writes 4 bytes each to `serial` and `flags`, and the name of the filesystem to `name`. */
    getVolumeInformationByHandle: (handle: number, serial: Memory, flags: Memory, name: Uint16Array) =>
      checked(k.GetVolumeInformationByHandleW(handle, null, 0, serial, null, flags, name, name.length)),
    getVolumeInformation: (root: string, serial: Memory, flags: Memory, name: Uint16Array) =>
      checked(k.GetVolumeInformationW(root, null, 0, serial, null, flags, name, name.length)),
    getVolumePathName: (path: string, root: Uint16Array) =>
      checked(k.GetVolumePathNameW(path, root, root.length)),
    /** Writes to `sizes`: sectors per cluster, bytes per sector, free clusters and all clusters. */
    getDiskFreeSpace: (root: string, sizes: Uint32Array) =>
      checked(k.GetDiskFreeSpaceW(root, ...[0, 1, 2, 3].map((word) => sizes.subarray(word, word + 1)))),
  };
}

function callbackType(koffi: Koffi, prototype: string) {
  const { result, parameters } = signature(prototype);
  return koffi.pointer(koffi.proto('__stdcall', null, koffiType(result), parameters.map(koffiType)));
}
