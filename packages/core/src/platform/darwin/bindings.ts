import os from 'node:os';
import { loadKoffi } from '../koffi.ts';
import { type FunctionName, koffiTypes, prototypes, symbolOf } from './prototypes.ts';

const { EINTR, ENOSYS } = os.constants.errno;

/** A C buffer: off the JavaScript heap, given to the kernel by address. */
export type Memory = Uint8Array | Uint32Array;

/** Bytes end in a zero. */
export type Path = string | Uint8Array;

/**
 * The functions of libSystem the engine calls, each wrapped once: a result of 0 or more, or the negated error
 * number. Calls that a signal interrupted before they did anything are made again here; of clones and of fcopyfile
 * the strategies decide. What an old macOS does not have answers `ENOSYS`.
 */
export interface Bindings {
  openat(directory: number, path: Path, flags: number, mode: number): number;
  close(fd: number): number;
  fstat(fd: number, buffer: Memory): number;
  fstatat(directory: number, path: string, buffer: Memory, flags: number): number;
  fstatfs(fd: number, buffer: Memory): number;
  statfs(path: string, buffer: Memory): number;
  getattrlist(path: string, list: Memory, buffer: Memory, size: number, options: number): number;
  mkdirat(directory: number, path: string, mode: number): number;
  unlinkat(directory: number, path: Path, flags: number): number;
  renameat(fromDirectory: number, from: string, toDirectory: number, to: string): number;
  renameatx(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
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
  fchmod(fd: number, mode: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  /** `times`: access and modification time, each as seconds and nanoseconds. */
  futimens(fd: number, times: Memory): number;
  utimensat(directory: number, path: string, times: Memory, flags: number): number;
  fsync(fd: number): number;
  /** `fcntl` with an integer argument. */
  fcntl(fd: number, command: number, argument: number): number;
  /** `fcntl` with a structure. */
  fcntlMemory(fd: number, command: number, argument: Memory): number;
  clonefileat(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  fclonefileat(source: number, directory: number, path: string, flags: number): number;
  fcopyfile(source: number, destination: number, flags: number): number;
}

export interface BindingsOptions {
  /** For tests: a library in place of what the process has loaded, which on macOS includes libSystem. */
  library?: string | null;
  /** For tests: the architecture whose symbols are bound. */
  arch?: string;
}

type Native = (...args: unknown[]) => number;

/** Loads koffi and libSystem. Throws when there is no prebuilt koffi for this runtime or addons are off. */
export function loadBindings({ library = null, arch = process.arch }: BindingsOptions = {}): Bindings {
  const koffi = loadKoffi();
  const system = koffi.load(library);
  const native = (name: FunctionName): Native => {
    const { result, parameters } = koffiTypes(prototypes[name]);
    return system.func(symbolOf(name, arch), result, parameters) as Native;
  };
  const nativeIfPresent = (name: FunctionName): Native | undefined => {
    try {
      return native(name);
    } catch {
      return undefined;
    }
  };

  /** Bound when it is called first. Where there is none it answers `ENOSYS`. */
  const seldom = (name: FunctionName): Native => {
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

  // Variadic, and declared so: on Apple's arm64 such arguments go over the stack, never in registers.
  const openat = native('openat');
  const fcntl = native('fcntl');

  const close = native('close');
  const fstat = native('fstat');
  const fstatat = native('fstatat');
  const fstatfs = native('fstatfs');
  const statfs = native('statfs');
  const getattrlist = nativeIfPresent('getattrlist');
  const mkdirat = native('mkdirat');
  const unlinkat = native('unlinkat');
  const mkfifoat = seldom('mkfifoat');
  const mknodat = seldom('mknodat');
  const fchmodat = seldom('fchmodat');
  const fchownat = seldom('fchownat');
  const renameat = native('renameat');
  const renameatx = nativeIfPresent('renameatx_np');
  const linkat = native('linkat');
  const symlinkat = native('symlinkat');
  const readlinkat = native('readlinkat');
  const read = native('read');
  const write = native('write');
  const lseek = native('lseek');
  const ftruncate = native('ftruncate');
  const fchmod = native('fchmod');
  const fchown = native('fchown');
  const futimens = native('futimens');
  const utimensat = native('utimensat');
  const fsync = native('fsync');
  const clonefileat = nativeIfPresent('clonefileat');
  const fclonefileat = nativeIfPresent('fclonefileat');
  const fcopyfile = nativeIfPresent('fcopyfile');

  // Each written out, because a function that all of them share would be too polymorphic to be fast.
  return {
    openat: (at, path, flags, mode) => {
      const result = checked(openat(at, path, flags, 'int', mode));
      return result === -EINTR ? retryInterrupted(() => openat(at, path, flags, 'int', mode)) : result;
    },
    // Never made again after EINTR: the descriptor is already gone then.
    close: (fd) => close(fd),
    fstat: (fd, buffer) => checked(fstat(fd, buffer)),
    fstatat: (at, path, buffer, flags) => checked(fstatat(at, path, buffer, flags)),
    fstatfs: (fd, buffer) => checked(fstatfs(fd, buffer)),
    statfs: (path, buffer) => checked(statfs(path, buffer)),
    getattrlist: (path, list, buffer, size, options) =>
      getattrlist ? checked(getattrlist(path, list, buffer, size, options)) : -ENOSYS,
    mkdirat: (at, path, mode) => checked(mkdirat(at, path, mode)),
    unlinkat: (at, path, flags) => checked(unlinkat(at, path, flags)),
    renameat: (from, old, to, path) => checked(renameat(from, old, to, path)),
    renameatx: (from, old, to, path, flags) =>
      renameatx ? checked(renameatx(from, old, to, path, flags)) : -ENOSYS,
    linkat: (from, old, to, path, flags) => checked(linkat(from, old, to, path, flags)),
    mkfifoat: (at, path, mode) => checked(mkfifoat(at, path, mode)),
    mknodat: (at, path, mode, device) => checked(mknodat(at, path, mode, device | 0)),
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
    fchmod: (fd, mode) => checked(fchmod(fd, mode)),
    fchown: (fd, uid, gid) => checked(fchown(fd, uid, gid)),
    futimens: (fd, times) => checked(futimens(fd, times)),
    utimensat: (at, path, times, flags) => checked(utimensat(at, path, times, flags)),
    fsync: (fd) => retryInterrupted(() => fsync(fd)),
    fcntl: (fd, command, argument) => retryInterrupted(() => fcntl(fd, command, 'int', argument)),
    fcntlMemory: (fd, command, argument) => retryInterrupted(() => fcntl(fd, command, 'void *', argument)),
    clonefileat: (from, old, to, path, flags) =>
      clonefileat ? checked(clonefileat(from, old, to, path, flags)) : -ENOSYS,
    fclonefileat: (source, to, path, flags) =>
      fclonefileat ? checked(fclonefileat(source, to, path, flags)) : -ENOSYS,
    // Without a state: what that could tell, the frame finds out by itself.
    fcopyfile: (source, destination, flags) =>
      fcopyfile ? checked(fcopyfile(source, destination, null, flags)) : -ENOSYS,
  };
}
