import os from 'node:os';
import { loadKoffi } from '../koffi.ts';
import { binderOf, type Memory, type Native, type PosixBindings, posixBindings } from '../posix/bindings.ts';
import { type FunctionName, koffiTypes, prototypes, symbolOf } from './prototypes.ts';

const { EINTR } = os.constants.errno;

/**
 * The functions of libSystem that the engine calls. Each returns a result of 0 or more, or the negated error number.
 * A call that a signal interrupted before it did anything is repeated here; for clones and fcopyfile the strategies
 * decide. A function that an old macOS does not have returns -ENOSYS.
 */
export interface Bindings extends PosixBindings {
  fstat(fd: number, buffer: Memory): number;
  fstatat(directory: number, path: string, buffer: Memory, flags: number): number;
  statfs(path: string, buffer: Memory): number;
  getattrlist(path: string, list: Memory, buffer: Memory, size: number, options: number): number;
  renameatx(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  /** `fcntl` with an integer argument. */
  fcntl(fd: number, command: number, argument: number): number;
  /** `fcntl` with a structure. */
  fcntlMemory(fd: number, command: number, argument: Memory): number;
  clonefileat(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  fclonefileat(source: number, directory: number, path: string, flags: number): number;
  fcopyfile(source: number, destination: number, flags: number): number;
}

export interface BindingsOptions {
  /** For tests: a library to use instead of those that the process has loaded, which on macOS include libSystem. */
  library?: string | null;
  /** For tests: the architecture whose symbols are bound. */
  arch?: string;
}

/** Loads koffi and libSystem. Throws if there is no prebuilt koffi for this runtime or addons are off. */
export function loadBindings({ library = null, arch = process.arch }: BindingsOptions = {}): Bindings {
  const koffi = loadKoffi();
  const system = koffi.load(library);
  const native = (name: FunctionName): Native => {
    const { result, parameters } = koffiTypes(prototypes[name]);
    return system.func(symbolOf(name, arch), result, parameters) as Native;
  };
  const binder = binderOf(koffi, native);
  const { seldom, checked, retryInterrupted } = binder;

  // Declared as variadic: on Apple's arm64 variadic arguments are passed on the stack, never in registers.
  const openat = native('openat');
  const fcntl = native('fcntl');

  const fstat = native('fstat');
  const fstatat = native('fstatat');
  const mknodat = seldom('mknodat');
  const fcopyfile = seldom('fcopyfile');

  return {
    ...posixBindings(binder),
    openat: (at, path, flags, mode) => {
      const result = checked(openat(at, path, flags, 'int', mode));
      return result === -EINTR ? retryInterrupted(() => openat(at, path, flags, 'int', mode)) : result;
    },
    fstat: (fd, buffer) => checked(fstat(fd, buffer)),
    fstatat: (at, path, buffer, flags) => checked(fstatat(at, path, buffer, flags)),
    statfs: seldom('statfs'),
    getattrlist: seldom('getattrlist'),
    renameatx: seldom('renameatx_np'),
    mknodat: (at, path, mode, device) => mknodat(at, path, mode, device | 0),
    fcntl: (fd, command, argument) => retryInterrupted(() => fcntl(fd, command, 'int', argument)),
    fcntlMemory: (fd, command, argument) => retryInterrupted(() => fcntl(fd, command, 'void *', argument)),
    clonefileat: seldom('clonefileat'),
    fclonefileat: seldom('fclonefileat'),
    // No state is passed: Transferrer finds out by itself what it could report.
    fcopyfile: (source, destination, flags) => fcopyfile(source, destination, null, flags),
  };
}
