import { EINTR } from '../errno.ts';
import { loadKoffi } from '../koffi.ts';
import {
  binderOf,
  type Calls,
  koffiTypes,
  type Memory,
  type Native,
  type PosixBindings,
  posixBindings,
  prototypes as shared,
} from '../posix/bindings.ts';
import { usableStatx } from './statx-by-node.ts';

/** The functions of libc that the engine calls, with their types in C. */
export const prototypes = {
  ...shared,
  statx: 'int statx(int, const char *, int, unsigned int, struct statx *)',
  renameat2: 'int renameat2(int, const char *, int, const char *, unsigned int)',
  fallocate: 'int fallocate(int, int, off_t, off_t)',
  posix_fadvise: 'int posix_fadvise(int, off_t, off_t, int)',
  fdatasync: 'int fdatasync(int)',
  ioctl: 'int ioctl(int, unsigned long, ...)',
  copy_file_range: 'ssize_t copy_file_range(int, off_t *, int, off_t *, size_t, unsigned int)',
  flistxattr: 'ssize_t flistxattr(int, char *, size_t)',
  fgetxattr: 'ssize_t fgetxattr(int, const char *, void *, size_t)',
  fsetxattr: 'int fsetxattr(int, const char *, const void *, size_t, int)',
  fremovexattr: 'int fremovexattr(int, const char *)',
} as const;

/** koffi's names for types of C that it does not know. */
export const TYPES: Readonly<Record<string, string>> = {
  ssize_t: 'intptr_t',
  off_t: 'int64_t',
  mode_t: 'uint32_t',
  uid_t: 'uint32_t',
  gid_t: 'uint32_t',
  dev_t: 'uint64_t',
  'unsigned int': 'uint32_t',
};

/**
 * The system calls that the engine makes. Each returns a result of 0 or more, or the negated error number. A call
 * that a signal interrupted before it did anything is repeated here.
 */
export interface Bindings
  extends PosixBindings,
    Omit<Calls<typeof prototypes>, 'fcntl' | 'ioctl' | 'openat' | 'copy_file_range' | 'posix_fadvise'> {
  posixFadvise(fd: number, offset: number, size: number, advice: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** `ioctl` with an integer argument. */
  ioctl(fd: number, request: number, argument: number): number;
  /** `ioctl` with a structure that the kernel fills in. */
  ioctlMemory(fd: number, request: number, argument: Memory): number;
  copyFileRange(source: number, destination: number, size: number): number;
}

/**
 * The architectures of Node.js and koffi that have 64 bits; all are little-endian. On others the plain names of libc's
 * functions take 32-bit offsets and times.
 */
const ARCHITECTURES = new Set(['x64', 'arm64', 'riscv64', 'ppc64', 'loong64']);

/**
 * Loads koffi and libc. Throws if there is no prebuilt koffi for this runtime, addons are off, or the architecture is
 * none of {@link ARCHITECTURES}.
 */
export function loadBindings(): Bindings {
  if (!ARCHITECTURES.has(process.arch)) throw new Error(`no native lane for ${process.arch}`);
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  /** `last` replaces variadic arguments, if a call with a fixed number of arguments is the same. */
  const native = (name: keyof typeof prototypes, last = '...') => {
    const { result, parameters } = koffiTypes(prototypes[name], TYPES);
    const types = parameters.map((type) => (type === '...' ? last : type));
    return libc.func(name, result, types) as Native;
  };
  const binder = binderOf<keyof typeof prototypes>(koffi, (name) => native(name));
  const { seldom, seldomInterrupted, checked, retryInterrupted } = binder;

  // ppc64 passes variadic arguments through memory that the caller provides. On every other architecture that Node.js
  // supports on Linux, a fixed prototype makes the same call and is cheaper.
  const variadic = process.arch === 'ppc64';
  const last = (type: string) => (variadic ? '...' : type);
  const openat = native('openat', last('uint32_t'));
  const fcntl = native('fcntl', last('int'));
  const ioctl = native('ioctl', last('int'));
  const ioctlMemory = variadic ? ioctl : native('ioctl', 'void *');

  const statx = native('statx');
  const { copy_file_range } = seldomInterrupted('copy_file_range');
  const { posix_fadvise } = seldom('posix_fadvise');

  return {
    ...posixBindings(binder),
    openat: variadic
      ? (at, path, flags, mode) => retryInterrupted(() => openat(at, path, flags, 'uint32_t', mode))
      : (at, path, flags, mode) => {
          const result = checked(openat(at, path, flags, mode));
          return result === -EINTR ? retryInterrupted(() => openat(at, path, flags, mode)) : result;
        },
    statx: usableStatx((at, path, flags, mask, buffer) => checked(statx(at, path, flags, mask, buffer))),
    // If a libc does not have renameat2 (musl 1.2.5), the call returns -ENOSYS, as on an old kernel.
    ...seldom('renameat2', 'mknodat', 'flistxattr', 'fgetxattr', 'fsetxattr', 'fremovexattr'),
    ...seldomInterrupted('fallocate', 'fdatasync'),
    // posix_fadvise() returns the error number itself.
    posixFadvise: (fd, offset, size, advice) => -posix_fadvise(fd, offset, size, advice),
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
    // With null offsets both files' own positions move, so that they show where a copy stopped.
    copyFileRange: (source, destination, size) => copy_file_range(source, null, destination, null, size, 0),
  };
}
