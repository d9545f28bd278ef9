import { createRequire } from 'node:module';
import { EINTR, ENOSYS } from './constants.ts';

type Koffi = typeof import('koffi');
type NativeFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

/** A C buffer: off the JavaScript heap, given to the kernel by address. */
export type Memory = Uint8Array | Uint32Array | BigInt64Array;

/**
 * The system calls the engine makes, each wrapped once: a result of 0 or more, or the negated error number.
 * Calls that a signal interrupted are made again here, except where the kernel may have moved bytes.
 */
export interface Bindings {
  openat(directory: number, path: string, flags: number, mode: number): number;
  close(fd: number): number;
  statx(directory: number, path: string, flags: number, mask: number, buffer: Memory): number;
  mkdirat(directory: number, path: string, mode: number): number;
  unlinkat(directory: number, path: string, flags: number): number;
  renameat(fromDirectory: number, from: string, toDirectory: number, to: string): number;
  renameat2(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  linkat(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  symlinkat(target: string, directory: number, path: string): number;
  readlinkat(directory: number, path: string, buffer: Memory, size: number): number;
  read(fd: number, buffer: Memory, size: number): number;
  write(fd: number, buffer: Memory, size: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  ftruncate(fd: number, size: number): number;
  fallocate(fd: number, mode: number, offset: number, size: number): number;
  posixFadvise(fd: number, offset: number, size: number, advice: number): number;
  fchmod(fd: number, mode: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  /** `times`: access and modification time, each as seconds and nanoseconds. */
  futimens(fd: number, times: Memory): number;
  utimensat(directory: number, path: string, times: Memory, flags: number): number;
  fdatasync(fd: number): number;
  fsync(fd: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** `ioctl` with an integer argument. */
  ioctl(fd: number, request: number, argument: number): number;
  copyFileRange(source: number, destination: number, size: number): number;
  flistxattr(fd: number, buffer: Memory, size: number): number;
  fgetxattr(fd: number, name: string, buffer: Memory, size: number): number;
  fsetxattr(fd: number, name: string, buffer: Memory, size: number, flags: number): number;
}

/** Loads koffi and libc. Throws when there is no prebuilt koffi for this runtime or addons are off. */
export function loadBindings(): Bindings {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const libc = koffi.load(null);

  const checked = (native: NativeFunction) => {
    return (...args: unknown[]): number => {
      for (;;) {
        const result = Number(native(...args));
        if (result !== -1) return result;
        const errno = koffi.errno();
        if (errno !== EINTR) return -errno;
      }
    };
  };
  const declare = (signature: string) => checked(libc.func(signature));
  // Not in every libc (musl before 1.2.5): the caller sees what an old kernel would answer.
  const declareIfPresent = (signature: string) => {
    try {
      return declare(signature);
    } catch {
      return () => -ENOSYS;
    }
  };

  // ppc64 passes variadic arguments through memory the caller provides; everywhere else Node.js runs on
  // Linux a fixed prototype is the same call, and cheaper.
  const variadic = process.arch === 'ppc64';
  const integerArgument = (name: string) => {
    if (!variadic) return declare(`int ${name}(int, unsigned long, int)`);
    const call = checked(libc.func(`int ${name}(int, unsigned long, ...)`));
    return (fd: number, request: number, argument: number) => call(fd, request, 'int', argument);
  };
  const openat = variadic
    ? declare('int openat(int, const char *, int, ...)')
    : declare('int openat(int, const char *, int, uint)');
  const copyFileRange = declareIfPresent('intptr_t copy_file_range(int, void *, int, void *, size_t, uint)');

  return {
    openat: variadic
      ? (directory, path, flags, mode) => openat(directory, path, flags, 'uint', mode)
      : openat,
    // Never made again after EINTR: the descriptor is already gone then.
    close: libc.func('int close(int)') as Bindings['close'],
    statx: declare('int statx(int, const char *, int, uint, void *)'),
    mkdirat: declare('int mkdirat(int, const char *, uint)'),
    unlinkat: declare('int unlinkat(int, const char *, int)'),
    renameat: declare('int renameat(int, const char *, int, const char *)'),
    renameat2: declareIfPresent('int renameat2(int, const char *, int, const char *, uint)'),
    linkat: declare('int linkat(int, const char *, int, const char *, int)'),
    symlinkat: declare('int symlinkat(const char *, int, const char *)'),
    readlinkat: declare('intptr_t readlinkat(int, const char *, void *, size_t)'),
    read: declare('intptr_t read(int, void *, size_t)'),
    write: declare('intptr_t write(int, const void *, size_t)'),
    lseek: declare('int64_t lseek(int, int64_t, int)'),
    ftruncate: declare('int ftruncate(int, int64_t)'),
    fallocate: declare('int fallocate(int, int, int64_t, int64_t)'),
    // Answers with the error number itself.
    posixFadvise: libc.func('int posix_fadvise(int, int64_t, int64_t, int)') as Bindings['posixFadvise'],
    fchmod: declare('int fchmod(int, uint)'),
    fchown: declare('int fchown(int, uint, uint)'),
    futimens: declare('int futimens(int, const void *)'),
    utimensat: declare('int utimensat(int, const char *, const void *, int)'),
    fdatasync: declare('int fdatasync(int)'),
    fsync: declare('int fsync(int)'),
    fcntl: integerArgument('fcntl'),
    ioctl: integerArgument('ioctl'),
    // Null offsets: both files' own positions move, so a copy that stops half way can be told from them.
    copyFileRange: (source, destination, size) => copyFileRange(source, null, destination, null, size, 0),
    flistxattr: declare('intptr_t flistxattr(int, void *, size_t)'),
    fgetxattr: declare('intptr_t fgetxattr(int, const char *, void *, size_t)'),
    fsetxattr: declare('int fsetxattr(int, const char *, const void *, size_t, int)'),
  };
}
