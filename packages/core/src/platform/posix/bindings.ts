import os from 'node:os';
import type { Koffi } from '../koffi.ts';

const { EINTR, ENOSYS } = os.constants.errno;

export type Native = (...args: unknown[]) => number;

/** A C buffer: off the JavaScript heap, given to the kernel by address. */
export type Memory = Uint8Array | Uint32Array;

/** Bytes end in a zero. */
export type Path = string | Uint8Array;

/** The calls that Linux and macOS have in common: a result of 0 or more, or the negated error number. */
export interface PosixBindings {
  openat(directory: number, path: Path, flags: number, mode: number): number;
  close(fd: number): number;
  mkdirat(directory: number, path: string, mode: number): number;
  unlinkat(directory: number, path: Path, flags: number): number;
  renameat(fromDirectory: number, from: string, toDirectory: number, to: string): number;
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
  fchmod(fd: number, mode: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  /** `times`: access and modification time, each as seconds and nanoseconds. */
  futimens(fd: number, times: Memory): number;
  utimensat(directory: number, path: string, times: Memory, flags: number): number;
  fsync(fd: number): number;
}

/** Those that both declare alike. */
type Alike = Omit<PosixBindings, 'openat' | 'mknodat'>;

/** How functions of C are bound and their results read. */
export interface Binder<Name extends string> {
  native(name: Name): Native;
  /** Undefined: this libc has no such function. */
  nativeIfPresent(name: Name): Native | undefined;
  /** Bound when it is called first. Where there is none it answers `ENOSYS`. */
  seldom(name: Name): Native;
  /** The result, or the negated error number. To be called right after the system call. */
  checked(result: number): number;
  /** The same for calls that a signal may interrupt before anything happened: they are made again. */
  retryInterrupted(call: () => number): number;
}

export function binderOf<Name extends string>(
  koffi: Pick<Koffi, 'errno'>,
  native: (name: Name) => Native,
): Binder<Name> {
  const nativeIfPresent = (name: Name) => {
    try {
      return native(name);
    } catch {
      return undefined;
    }
  };
  const checked = (result: number) => (result === -1 ? -koffi.errno() : result);
  return {
    native,
    nativeIfPresent,
    seldom(name) {
      let bound: Native | undefined;
      return (...args) => {
        bound ??= nativeIfPresent(name) ?? (() => -ENOSYS);
        return bound(...args);
      };
    },
    checked,
    retryInterrupted(call) {
      for (;;) {
        const result = checked(call());
        if (result !== -EINTR) return result;
      }
    },
  };
}

/** Each is written out, because a function that all of them share would be too polymorphic to be fast. */
export function posixBindings(binder: Binder<keyof Alike>): Alike {
  const { native, seldom, checked, retryInterrupted } = binder;
  const close = native('close');
  const mkdirat = native('mkdirat');
  const unlinkat = native('unlinkat');
  const renameat = native('renameat');
  const linkat = native('linkat');
  const mkfifoat = seldom('mkfifoat');
  const fchmodat = seldom('fchmodat');
  const fchownat = seldom('fchownat');
  const symlinkat = native('symlinkat');
  const readlinkat = native('readlinkat');
  const read = native('read');
  const write = native('write');
  const lseek = native('lseek');
  const ftruncate = native('ftruncate');
  const fstatfs = native('fstatfs');
  const fchmod = native('fchmod');
  const fchown = native('fchown');
  const futimens = native('futimens');
  const utimensat = native('utimensat');
  const fsync = native('fsync');
  return {
    // Never made again after EINTR: the descriptor is already gone then.
    close: (fd) => close(fd),
    mkdirat: (at, path, mode) => checked(mkdirat(at, path, mode)),
    unlinkat: (at, path, flags) => checked(unlinkat(at, path, flags)),
    renameat: (from, old, to, path) => checked(renameat(from, old, to, path)),
    linkat: (from, old, to, path, flags) => checked(linkat(from, old, to, path, flags)),
    mkfifoat: (at, path, mode) => checked(mkfifoat(at, path, mode)),
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
    fchmod: (fd, mode) => checked(fchmod(fd, mode)),
    fchown: (fd, uid, gid) => checked(fchown(fd, uid, gid)),
    futimens: (fd, times) => checked(futimens(fd, times)),
    utimensat: (at, path, times, flags) => checked(utimensat(at, path, times, flags)),
    fsync: (fd) => retryInterrupted(() => fsync(fd)),
  };
}
