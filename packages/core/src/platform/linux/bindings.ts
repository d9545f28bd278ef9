import { loadKoffi } from '../koffi.ts';
import { binderOf, type Memory, type Native, type PosixBindings, posixBindings } from '../posix/bindings.ts';
import { EINTR } from './constants.ts';
import { type PrototypeName, signatureOf } from './prototypes.ts';
import { usableStatx } from './statx-by-node.ts';

/**
 * The system calls that the engine makes. Each returns a result of 0 or more, or the negated error number. A call
 * that a signal interrupted before it did anything is repeated here.
 */
export interface Bindings extends PosixBindings {
  statx(directory: number, path: string, flags: number, mask: number, buffer: Memory): number;
  renameat2(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  fallocate(fd: number, mode: number, offset: number, size: number): number;
  posixFadvise(fd: number, offset: number, size: number, advice: number): number;
  fdatasync(fd: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** `ioctl` with an integer argument. */
  ioctl(fd: number, request: number, argument: number): number;
  /** `ioctl` with a structure that the kernel fills in. */
  ioctlMemory(fd: number, request: number, argument: Memory): number;
  copyFileRange(source: number, destination: number, size: number): number;
  flistxattr(fd: number, buffer: Memory, size: number): number;
  fgetxattr(fd: number, name: string, buffer: Memory, size: number): number;
  fsetxattr(fd: number, name: string, buffer: Memory, size: number, flags: number): number;
  fremovexattr(fd: number, name: string): number;
}

/** On these architectures the plain names of libc's functions take 32-bit offsets and times. */
const ARCHITECTURES_OF_32_BITS = new Set(['arm', 'ia32', 'mips', 'mipsel', 'ppc']);

/**
 * Loads koffi and libc. Throws if there is no prebuilt koffi for this runtime, addons are off, or the system has 32
 * bits.
 */
export function loadBindings(): Bindings {
  if (ARCHITECTURES_OF_32_BITS.has(process.arch)) throw new Error(`no native lane for ${process.arch}`);
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  const native = (name: PrototypeName, last?: string) => libc.func(signatureOf(name, last)) as Native;
  const binder = binderOf<PrototypeName>(koffi, native);
  const { seldom, seldomInterrupted, checked, retryInterrupted } = binder;

  // ppc64 passes variadic arguments through memory that the caller provides. On every other architecture that Node.js
  // supports on Linux, a fixed prototype makes the same call and is cheaper.
  const variadic = process.arch === 'ppc64';
  const last = (type: string) => (variadic ? undefined : type);
  const openat = native('openat', last('uint'));
  const fcntl = native('fcntl', last('int'));
  const ioctl = native('ioctl', last('int'));
  const ioctlMemory = variadic ? ioctl : native('ioctl', 'void *');

  const statx = native('statx');
  const copyFileRange = seldomInterrupted('copy_file_range');
  const posixFadvise = seldom('posix_fadvise');

  return {
    ...posixBindings(binder),
    openat: variadic
      ? (at, path, flags, mode) => retryInterrupted(() => openat(at, path, flags, 'uint', mode))
      : (at, path, flags, mode) => {
          const result = checked(openat(at, path, flags, mode));
          return result === -EINTR ? retryInterrupted(() => openat(at, path, flags, mode)) : result;
        },
    statx: usableStatx((at, path, flags, mask, buffer) => checked(statx(at, path, flags, mask, buffer))),
    // If a libc does not have it (musl 1.2.5), the call returns -ENOSYS, as on an old kernel.
    renameat2: seldom('renameat2'),
    mknodat: seldom('mknodat'),
    fallocate: seldomInterrupted('fallocate'),
    // posix_fadvise() returns the error number itself.
    posixFadvise: (fd, offset, size, advice) => -posixFadvise(fd, offset, size, advice),
    fdatasync: seldomInterrupted('fdatasync'),
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
    copyFileRange: (source, destination, size) => copyFileRange(source, null, destination, null, size, 0),
    flistxattr: seldom('flistxattr'),
    fgetxattr: seldom('fgetxattr'),
    fsetxattr: seldom('fsetxattr'),
    fremovexattr: seldom('fremovexattr'),
  };
}
