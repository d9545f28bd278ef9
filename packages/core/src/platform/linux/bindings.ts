import { createRequire } from 'node:module';
import { EINTR, ENOSYS } from './constants.ts';

type Koffi = typeof import('koffi');

/** A C buffer: off the JavaScript heap, given to the kernel by address. */
export type Memory = Uint8Array | Uint32Array;

/**
 * The system calls the engine makes, each wrapped once: a result of 0 or more, or the negated error number.
 * Calls that a signal interrupted before they did anything are made again here; of reads, writes and copies
 * the strategies decide.
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
  const native = (signature: string) => libc.func(signature) as (...args: unknown[]) => number;
  // Not in every libc (musl before 1.2.5): the caller sees what an old kernel would answer.
  const nativeIfPresent = (signature: string) => {
    try {
      return native(signature);
    } catch {
      return undefined;
    }
  };

  /** The result, or the negated error number. To be called right after the system call. */
  const checked = (result: number): number => (result === -1 ? -koffi.errno() : result);
  /** The same for calls that a signal may interrupt before anything happened. */
  const insisting = (call: () => number): number => {
    for (;;) {
      const result = checked(call());
      if (result !== -EINTR) return result;
    }
  };

  // ppc64 passes variadic arguments through memory the caller provides; everywhere else Node.js runs on
  // Linux a fixed prototype is the same call, and cheaper.
  const variadic = process.arch === 'ppc64';
  const last = (type: string) => (variadic ? '...' : type);
  const openat = native(`int openat(int, const char *, int, ${last('uint')})`);
  const fcntl = native(`int fcntl(int, int, ${last('int')})`);
  const ioctl = native(`int ioctl(int, unsigned long, ${last('int')})`);

  const close = native('int close(int)');
  const statx = native('int statx(int, const char *, int, uint, void *)');
  const mkdirat = native('int mkdirat(int, const char *, uint)');
  const unlinkat = native('int unlinkat(int, const char *, int)');
  const renameat = native('int renameat(int, const char *, int, const char *)');
  const renameat2 = nativeIfPresent('int renameat2(int, const char *, int, const char *, uint)');
  const linkat = native('int linkat(int, const char *, int, const char *, int)');
  const symlinkat = native('int symlinkat(const char *, int, const char *)');
  const readlinkat = native('intptr_t readlinkat(int, const char *, void *, size_t)');
  const read = native('intptr_t read(int, void *, size_t)');
  const write = native('intptr_t write(int, const void *, size_t)');
  const lseek = native('int64_t lseek(int, int64_t, int)');
  const ftruncate = native('int ftruncate(int, int64_t)');
  const fallocate = native('int fallocate(int, int, int64_t, int64_t)');
  const posixFadvise = native('int posix_fadvise(int, int64_t, int64_t, int)');
  const fchmod = native('int fchmod(int, uint)');
  const fchown = native('int fchown(int, uint, uint)');
  const futimens = native('int futimens(int, const void *)');
  const utimensat = native('int utimensat(int, const char *, const void *, int)');
  const fdatasync = native('int fdatasync(int)');
  const fsync = native('int fsync(int)');
  const copyFileRange = nativeIfPresent('intptr_t copy_file_range(int, void *, int, void *, size_t, uint)');
  const flistxattr = native('intptr_t flistxattr(int, void *, size_t)');
  const fgetxattr = native('intptr_t fgetxattr(int, const char *, void *, size_t)');
  const fsetxattr = native('int fsetxattr(int, const char *, const void *, size_t, int)');

  // Each written out, because a function that all of them share would be too polymorphic to be fast.
  return {
    openat: variadic
      ? (at, path, flags, mode) => insisting(() => openat(at, path, flags, 'uint', mode))
      : (at, path, flags, mode) => {
          const result = checked(openat(at, path, flags, mode));
          return result === -EINTR ? insisting(() => openat(at, path, flags, mode)) : result;
        },
    // Never made again after EINTR: the descriptor is already gone then.
    close: (fd) => close(fd),
    statx: (at, path, flags, mask, buffer) => checked(statx(at, path, flags, mask, buffer)),
    mkdirat: (at, path, mode) => checked(mkdirat(at, path, mode)),
    unlinkat: (at, path, flags) => checked(unlinkat(at, path, flags)),
    renameat: (from, old, to, path) => checked(renameat(from, old, to, path)),
    renameat2: (from, old, to, path, flags) =>
      renameat2 ? checked(renameat2(from, old, to, path, flags)) : -ENOSYS,
    linkat: (from, old, to, path, flags) => checked(linkat(from, old, to, path, flags)),
    symlinkat: (target, at, path) => checked(symlinkat(target, at, path)),
    readlinkat: (at, path, buffer, size) => checked(readlinkat(at, path, buffer, size)),
    read: (fd, buffer, size) => checked(read(fd, buffer, size)),
    write: (fd, buffer, size) => checked(write(fd, buffer, size)),
    lseek: (fd, offset, whence) => checked(Number(lseek(fd, offset, whence))),
    ftruncate: (fd, size) => insisting(() => ftruncate(fd, size)),
    fallocate: (fd, mode, offset, size) => insisting(() => fallocate(fd, mode, offset, size)),
    // Answers with the error number itself.
    posixFadvise: (fd, offset, size, advice) => -posixFadvise(fd, offset, size, advice),
    fchmod: (fd, mode) => checked(fchmod(fd, mode)),
    fchown: (fd, uid, gid) => checked(fchown(fd, uid, gid)),
    futimens: (fd, times) => checked(futimens(fd, times)),
    utimensat: (at, path, times, flags) => checked(utimensat(at, path, times, flags)),
    fdatasync: (fd) => insisting(() => fdatasync(fd)),
    fsync: (fd) => insisting(() => fsync(fd)),
    fcntl: variadic
      ? (fd, command, argument) => checked(fcntl(fd, command, 'int', argument))
      : (fd, command, argument) => checked(fcntl(fd, command, argument)),
    ioctl: variadic
      ? (fd, request, argument) => checked(ioctl(fd, request, 'int', argument))
      : (fd, request, argument) => checked(ioctl(fd, request, argument)),
    // Null offsets: both files' own positions move, so a copy that stops half way can be told from them.
    copyFileRange: (source, destination, size) =>
      copyFileRange ? checked(copyFileRange(source, null, destination, null, size, 0)) : -ENOSYS,
    flistxattr: (fd, buffer, size) => checked(flistxattr(fd, buffer, size)),
    fgetxattr: (fd, name, buffer, size) => checked(fgetxattr(fd, name, buffer, size)),
    fsetxattr: (fd, name, buffer, size, flags) => checked(fsetxattr(fd, name, buffer, size, flags)),
  };
}
