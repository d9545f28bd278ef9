import os from 'node:os';
import type { Koffi } from '../koffi.ts';

const { EINTR, ENOSYS } = os.constants.errno;

export type Native = (...args: unknown[]) => number;

/** Memory that is passed to the kernel by address. */
export type Memory = Uint8Array | Uint32Array;

/** Bytes have to end in a NUL. */
export type Path = string | Uint8Array;

/** The calls that Linux and macOS have in common. Each returns a result of 0 or more, or the negated error number. */
export interface PosixBindings {
  openat(directory: number, path: Path, flags: number, mode: number): number;
  close(fd: number): number;
  mkdirat(directory: number, path: string, mode: number): number;
  unlinkat(directory: number, path: Path, flags: number): number;
  renameat(fromDirectory: number, from: string, toDirectory: number, to: string): number;
  linkat(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  mkfifoat(directory: number, path: string, mode: number): number;
  /** `mode` includes the type of the file. */
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

/** The calls that Linux and macOS declare alike. */
type Alike = Omit<PosixBindings, 'openat' | 'mknodat'>;

/** Binds C functions and converts their results. */
export interface Binder<Name extends string> {
  /** Binds the function now. A call returns the function's own result. */
  native(name: Name): Native;
  /**
   * Binds the function at its first call. A call returns what {@link checked} does, or -ENOSYS if this libc does not
   * have the function.
   */
  seldom(name: Name): Native;
  /** Does the same, and repeats the call if a signal interrupted it before anything happened. */
  seldomInterrupted(name: Name): Native;
  /** Returns the result of a system call, or the negated error number. Call this right after the system call. */
  checked(result: number): number;
  /** Does the same, and repeats the call if a signal interrupted it before anything happened. */
  retryInterrupted(call: () => number): number;
}

export function binderOf<Name extends string>(
  koffi: Pick<Koffi, 'errno'>,
  native: (name: Name) => Native,
): Binder<Name> {
  const checked = (result: number) => (result === -1 ? -koffi.errno() : result);
  const retryInterrupted = (call: () => number) => {
    for (;;) {
      const result = checked(call());
      if (result !== -EINTR) return result;
    }
  };
  const lazy = (name: Name): Native => {
    let bound: Native | undefined;
    return (...args) => {
      try {
        bound ??= native(name);
      } catch {
        bound = () => -ENOSYS;
      }
      return bound(...args);
    };
  };
  return {
    native,
    seldom(name) {
      const call = lazy(name);
      return (...args) => checked(call(...args));
    },
    seldomInterrupted(name) {
      const call = lazy(name);
      return (...args) => retryInterrupted(() => call(...args));
    },
    checked,
    retryInterrupted,
  };
}

/**
 * The calls that are made for each file are written out: a function that all of them share would be too polymorphic
 * to be fast.
 */
export function posixBindings(binder: Binder<keyof Alike>): Alike {
  const { native, seldom, seldomInterrupted, checked, retryInterrupted } = binder;
  const close = native('close');
  const read = native('read');
  const write = native('write');
  const lseek = native('lseek');
  const futimens = native('futimens');
  const fchmod = native('fchmod');
  const unlinkat = native('unlinkat');
  return {
    // Never repeated after EINTR: the descriptor is already closed then.
    close: (fd) => close(fd),
    mkdirat: seldom('mkdirat'),
    unlinkat: (at, path, flags) => checked(unlinkat(at, path, flags)),
    renameat: seldom('renameat'),
    linkat: seldom('linkat'),
    mkfifoat: seldom('mkfifoat'),
    fchmodat: seldom('fchmodat'),
    fchownat: seldom('fchownat'),
    symlinkat: seldom('symlinkat'),
    readlinkat: seldom('readlinkat'),
    read: (fd, buffer, size) => {
      const result = checked(read(fd, buffer, size));
      return result === -EINTR ? retryInterrupted(() => read(fd, buffer, size)) : result;
    },
    write: (fd, buffer, size) => {
      const result = checked(write(fd, buffer, size));
      return result === -EINTR ? retryInterrupted(() => write(fd, buffer, size)) : result;
    },
    lseek: (fd, offset, whence) => checked(Number(lseek(fd, offset, whence))),
    ftruncate: seldomInterrupted('ftruncate'),
    fstatfs: seldom('fstatfs'),
    fchmod: (fd, mode) => checked(fchmod(fd, mode)),
    fchown: seldom('fchown'),
    futimens: (fd, times) => checked(futimens(fd, times)),
    utimensat: seldom('utimensat'),
    fsync: seldomInterrupted('fsync'),
  };
}
