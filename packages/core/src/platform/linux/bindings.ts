import { loadKoffi } from '../koffi.ts';
import { EINTR, ENOSYS } from './constants.ts';
import { type PrototypeName, signatureOf } from './prototypes.ts';
import { usableStatx } from './statx-by-node.ts';

type Native = (...args: unknown[]) => number;

/** A C buffer: off the JavaScript heap, given to the kernel by address. */
export type Memory = Uint8Array | Uint32Array;

/** Bytes end in a zero. */
export type Path = string | Uint8Array;

/**
 * The system calls the engine makes, each wrapped once: a result of 0 or more, or the negated error number.
 * Calls that a signal interrupted before they did anything are made again here.
 */
export interface Bindings {
  openat(directory: number, path: Path, flags: number, mode: number): number;
  close(fd: number): number;
  statx(directory: number, path: string, flags: number, mask: number, buffer: Memory): number;
  mkdirat(directory: number, path: string, mode: number): number;
  unlinkat(directory: number, path: Path, flags: number): number;
  renameat(fromDirectory: number, from: string, toDirectory: number, to: string): number;
  renameat2(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  linkat(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  mkfifoat(directory: number, path: string, mode: number): number;
  /** `mode` has the type too. */
  mknodat(directory: number, path: string, mode: number, device: number): number;
  fchmodat(directory: number, path: string, mode: number, flags: number): number;
  fchownat(directory: number, path: string, uid: number, gid: number, flags: number): number;
  /** `target` ends in NUL. */
  symlinkat(target: Memory, directory: number, path: string): number;
  readlinkat(directory: number, path: string, buffer: Memory, size: number): number;
  read(fd: number, buffer: Memory, size: number): number;
  write(fd: number, buffer: Memory, size: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  ftruncate(fd: number, size: number): number;
  fstatfs(fd: number, buffer: Memory): number;
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
  /** `ioctl` with a structure that the kernel fills in. */
  ioctlMemory(fd: number, request: number, argument: Memory): number;
  copyFileRange(source: number, destination: number, size: number): number;
  flistxattr(fd: number, buffer: Memory, size: number): number;
  fgetxattr(fd: number, name: string, buffer: Memory, size: number): number;
  fsetxattr(fd: number, name: string, buffer: Memory, size: number, flags: number): number;
}

/** Under their plain names libc's functions take 32-bit offsets and times there. */
const ARCHITECTURES_OF_32_BITS = new Set(['arm', 'ia32', 'mips', 'mipsel', 'ppc']);

/**
 * Loads koffi and libc. Throws when there is no prebuilt koffi for this runtime, addons are off, or the
 * system has 32 bits.
 */
export function loadBindings(): Bindings {
  if (ARCHITECTURES_OF_32_BITS.has(process.arch)) throw new Error(`no native lane for ${process.arch}`);
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  const native = (name: PrototypeName, last?: string) => libc.func(signatureOf(name, last)) as Native;
  // Not in every libc (renameat2: not in musl 1.2.5): the caller sees what an old kernel would answer.
  const nativeIfPresent = (name: PrototypeName) => {
    try {
      return native(name);
    } catch {
      return undefined;
    }
  };

  /** Bound when it is called first. Where there is none it answers `ENOSYS`. */
  const seldom = (name: PrototypeName): Native => {
    let bound: Native | undefined;
    return (...args) => {
      bound ??= nativeIfPresent(name) ?? (() => -ENOSYS);
      return bound(...args);
    };
  };

  /** The result, or the negated error number. To be called right after the system call. */
  const checked = (result: number): number => (result === -1 ? -koffi.errno() : result);
  /** The same for calls that a signal may interrupt before anything happened. */
  const retryInterrupted = (call: () => number): number => {
    for (;;) {
      const result = checked(call());
      if (result !== -EINTR) return result;
    }
  };

  // ppc64 passes variadic arguments through memory the caller provides; everywhere else Node.js runs on
  // Linux a fixed prototype is the same call, and cheaper.
  const variadic = process.arch === 'ppc64';
  const last = (type: string) => (variadic ? undefined : type);
  const openat = native('openat', last('uint'));
  const fcntl = native('fcntl', last('int'));
  const ioctl = native('ioctl', last('int'));
  const ioctlMemory = variadic ? ioctl : native('ioctl', 'void *');

  const close = native('close');
  const statx = native('statx');
  const mkdirat = native('mkdirat');
  const unlinkat = native('unlinkat');
  const mkfifoat = seldom('mkfifoat');
  const mknodat = seldom('mknodat');
  const fchmodat = seldom('fchmodat');
  const fchownat = seldom('fchownat');
  const renameat = native('renameat');
  const renameat2 = nativeIfPresent('renameat2');
  const linkat = native('linkat');
  const symlinkat = native('symlinkat');
  const readlinkat = native('readlinkat');
  const read = native('read');
  const write = native('write');
  const lseek = native('lseek');
  const ftruncate = native('ftruncate');
  const fstatfs = native('fstatfs');
  const fallocate = native('fallocate');
  const posixFadvise = native('posix_fadvise');
  const fchmod = native('fchmod');
  const fchown = native('fchown');
  const futimens = native('futimens');
  const utimensat = native('utimensat');
  const fdatasync = native('fdatasync');
  const fsync = native('fsync');
  const copyFileRange = nativeIfPresent('copy_file_range');
  const flistxattr = native('flistxattr');
  const fgetxattr = native('fgetxattr');
  const fsetxattr = native('fsetxattr');

  // Each written out, because a function that all of them share would be too polymorphic to be fast.
  return {
    openat: variadic
      ? (at, path, flags, mode) => retryInterrupted(() => openat(at, path, flags, 'uint', mode))
      : (at, path, flags, mode) => {
          const result = checked(openat(at, path, flags, mode));
          return result === -EINTR ? retryInterrupted(() => openat(at, path, flags, mode)) : result;
        },
    // Never made again after EINTR: the descriptor is already gone then.
    close: (fd) => close(fd),
    statx: usableStatx((at, path, flags, mask, buffer) => checked(statx(at, path, flags, mask, buffer))),
    mkdirat: (at, path, mode) => checked(mkdirat(at, path, mode)),
    unlinkat: (at, path, flags) => checked(unlinkat(at, path, flags)),
    renameat: (from, old, to, path) => checked(renameat(from, old, to, path)),
    renameat2: (from, old, to, path, flags) =>
      renameat2 ? checked(renameat2(from, old, to, path, flags)) : -ENOSYS,
    linkat: (from, old, to, path, flags) => checked(linkat(from, old, to, path, flags)),
    mkfifoat: (at, path, mode) => checked(mkfifoat(at, path, mode)),
    mknodat: (at, path, mode, device) => checked(mknodat(at, path, mode, device)),
    fchmodat: (at, path, mode, flags) => checked(fchmodat(at, path, mode, flags)),
    fchownat: (at, path, uid, gid, flags) => checked(fchownat(at, path, uid, gid, flags)),
    symlinkat: (target, at, path) => checked(symlinkat(target, at, path)),
    readlinkat: (at, path, buffer, size) => checked(readlinkat(at, path, buffer, size)),
    read: (fd, buffer, size) => {
      const result = checked(read(fd, buffer, size));
      return result === -EINTR ? retryInterrupted(() => read(fd, buffer, size)) : result;
    },
    write: (fd, buffer, size) => {
      const result = checked(write(fd, buffer, size));
      return result === -EINTR ? retryInterrupted(() => write(fd, buffer, size)) : result;
    },
    lseek: (fd, offset, whence) => checked(Number(lseek(fd, offset, whence))),
    ftruncate: (fd, size) => retryInterrupted(() => ftruncate(fd, size)),
    fstatfs: (fd, buffer) => checked(fstatfs(fd, buffer)),
    fallocate: (fd, mode, offset, size) => retryInterrupted(() => fallocate(fd, mode, offset, size)),
    // Answers with the error number itself.
    posixFadvise: (fd, offset, size, advice) => -posixFadvise(fd, offset, size, advice),
    fchmod: (fd, mode) => checked(fchmod(fd, mode)),
    fchown: (fd, uid, gid) => checked(fchown(fd, uid, gid)),
    futimens: (fd, times) => checked(futimens(fd, times)),
    utimensat: (at, path, times, flags) => checked(utimensat(at, path, times, flags)),
    fdatasync: (fd) => retryInterrupted(() => fdatasync(fd)),
    fsync: (fd) => retryInterrupted(() => fsync(fd)),
    fcntl: variadic
      ? (fd, command, argument) => checked(fcntl(fd, command, 'int', argument))
      : (fd, command, argument) => checked(fcntl(fd, command, argument)),
    ioctl: variadic
      ? (fd, request, argument) => retryInterrupted(() => ioctl(fd, request, 'int', argument))
      : (fd, request, argument) => {
          const result = checked(ioctl(fd, request, argument));
          return result === -EINTR ? retryInterrupted(() => ioctl(fd, request, argument)) : result;
        },
    ioctlMemory: variadic
      ? (fd, request, argument) => checked(ioctlMemory(fd, request, 'void *', argument))
      : (fd, request, argument) => checked(ioctlMemory(fd, request, argument)),
    // Null offsets: both files' own positions move, so a copy that stops half way can be told from them.
    copyFileRange: (source, destination, size) =>
      copyFileRange
        ? retryInterrupted(() => copyFileRange(source, null, destination, null, size, 0))
        : -ENOSYS,
    flistxattr: (fd, buffer, size) => checked(flistxattr(fd, buffer, size)),
    fgetxattr: (fd, name, buffer, size) => checked(fgetxattr(fd, name, buffer, size)),
    fsetxattr: (fd, name, buffer, size, flags) => checked(fsetxattr(fd, name, buffer, size, flags)),
  };
}
