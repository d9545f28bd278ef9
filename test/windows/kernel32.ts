import koffi from 'koffi';

/** What a call came to: 0, or the Windows error. */
export type WindowsError = number;

export const GENERIC_READ = 0x8000_0000;
export const GENERIC_WRITE = 0x4000_0000;
const SHARE_ALL = 7;
const OPEN_ALWAYS = 4;
const FILE_SUPPORTS_BLOCK_REFCOUNTING = 0x0800_0000;
const FILE_FLAG_BACKUP_SEMANTICS = 0x0200_0000;
const FILE_BASIC_INFO = 0;
const FILE_END_OF_FILE_INFO = 6;

export const FSCTL = {
  duplicateExtents: 0x98344,
  getIntegrity: 0x9027c,
  setIntegrity: 0x9c280,
  setSparse: 0x900c4,
  allocatedRanges: 0x940cf,
  persistentVolumeState: 0x9023c,
};

export type OnProgress = (done: number, reason: number) => number;

/** The functions the hook stands in for, called as any program calls them. To be made once the hook is loaded. */
export function loadKernel32() {
  const library = koffi.load('kernel32.dll');
  const declare = (prototype: string) => library.func(prototype);
  const volume =
    'void *label, uint32_t length, void *serial, void *longest, void *flags, void *name, uint32_t size';
  const times = 'int64_t size, int64_t done, int64_t stream_size, int64_t stream_done';
  koffi.proto(
    `uint32_t __stdcall PROGRESS(${times}, uint32_t stream, uint32_t reason, intptr_t from, intptr_t to, void *data)`,
  );
  const getLastError = declare('uint32_t __stdcall GetLastError()');
  const createFile = declare(
    'intptr_t __stdcall CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, intptr_t like)',
  );
  const closeHandle = declare('int __stdcall CloseHandle(intptr_t file)');
  const setInformation = declare(
    'int __stdcall SetFileInformationByHandle(intptr_t file, int what, void *data, uint32_t size)',
  );
  const getInformation = declare(
    'int __stdcall GetFileInformationByHandleEx(intptr_t file, int what, void *data, uint32_t size)',
  );
  const control = declare(
    'int __stdcall DeviceIoControl(intptr_t file, uint32_t code, void *in, uint32_t in_size, void *out, uint32_t out_size, void *returned, void *overlapped)',
  );
  const volumeOfRoot = declare(`int __stdcall GetVolumeInformationW(str16 root, ${volume})`);
  const volumeOfHandle = declare(`int __stdcall GetVolumeInformationByHandleW(intptr_t file, ${volume})`);
  const freeSpace = declare(
    'int __stdcall GetDiskFreeSpaceW(str16 root, void *sectors, void *bytes, void *free, void *all)',
  );
  const copyFile = declare(
    'int __stdcall CopyFileExW(str16 from, str16 to, PROGRESS *progress, void *data, void *cancel, uint32_t flags)',
  );
  const errorOf = (ok: number): WindowsError => (ok ? 0 : getLastError());

  const describeVolume = (ask: (flags: Uint32Array, name: Uint16Array) => number) => {
    const flags = new Uint32Array(1);
    const name = new Uint16Array(32);
    const error = errorOf(ask(flags, name));
    if (error) throw new Error(`Windows error ${error}`);
    return {
      name: String.fromCharCode(...name).split('\0')[0]!,
      clones: (flags[0]! & FILE_SUPPORTS_BLOCK_REFCOUNTING) !== 0,
    };
  };

  return {
    open(path: string, access: number): number {
      const opened: number = createFile(
        path,
        access,
        SHARE_ALL,
        null,
        OPEN_ALWAYS,
        FILE_FLAG_BACKUP_SEMANTICS,
        0,
      );
      if (opened === -1) throw new Error(`${path}: Windows error ${getLastError()}`);
      return opened;
    },
    close: (file: number): WindowsError => errorOf(closeHandle(file)),
    setSize(file: number, size: number): WindowsError {
      const end = new BigInt64Array([BigInt(size)]);
      return errorOf(setInformation(file, FILE_END_OF_FILE_INFO, end, 8));
    },
    attributes(file: number): number {
      const basic = new Uint32Array(10);
      if (!getInformation(file, FILE_BASIC_INFO, basic, basic.byteLength))
        throw new Error(`Windows error ${getLastError()}`);
      return basic[8]!;
    },
    control(file: number, code: number, input: Uint8Array | null, output: Uint8Array | null = null) {
      const returned = new Uint32Array(1);
      const error = errorOf(
        control(file, code, input, input?.length ?? 0, output, output?.length ?? 0, returned, null),
      );
      return { error, returned: returned[0]! };
    },
    volumeOfRoot: (root: string) =>
      describeVolume((flags, name) => volumeOfRoot(root, null, 0, null, null, flags, name, 32)),
    volumeOfHandle: (file: number) =>
      describeVolume((flags, name) => volumeOfHandle(file, null, 0, null, null, flags, name, 32)),
    clusterBytes(root: string): number {
      const [sectors, bytes] = [new Uint32Array(1), new Uint32Array(1)];
      if (!freeSpace(root, sectors, bytes, null, null)) throw new Error(`Windows error ${getLastError()}`);
      return sectors[0]! * bytes[0]!;
    },
    copyFile(from: string, to: string, progress: OnProgress | null, cancel: Int32Array | null, flags = 0) {
      const call = progress && ((...args: unknown[]) => progress(Number(args[1]), Number(args[5])));
      return errorOf(copyFile(from, to, call, null, cancel, flags));
    },
  };
}
