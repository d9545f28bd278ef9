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

/** The functions of libSystem that are called, as Apple's headers declare them. */
export const prototypes = {
  ...shared,
  fstat: 'int fstat(int, struct stat *)',
  fstatat: 'int fstatat(int, const char *, struct stat *, int)',
  statfs: 'int statfs(const char *, struct statfs *)',
  getattrlist: 'int getattrlist(const char *, void *, void *, size_t, uint32_t)',
  renameatx_np: 'int renameatx_np(int, const char *, int, const char *, unsigned int)',
  clonefileat: 'int clonefileat(int, const char *, int, const char *, uint32_t)',
  fclonefileat: 'int fclonefileat(int, int, const char *, uint32_t)',
  fcopyfile: 'int fcopyfile(int, int, copyfile_state_t, copyfile_flags_t)',
} as const;

export type FunctionName = keyof typeof prototypes;

/**
 * Functions that x86-64 has twice: under its plain name, each of them fills in the structure from before 2007, with
 * inode numbers of 32 bits. arm64 never had the old structure.
 */
export const inode64: readonly FunctionName[] = ['fstat', 'fstatat', 'fstatfs', 'statfs'];

/** The name a function is exported under. */
export function symbolOf(name: FunctionName, arch: string): string {
  return arch === 'x64' && inode64.includes(name) ? `${name}$INODE64` : name;
}

/** koffi's names for types of C that it does not know. */
export const TYPES: Readonly<Record<string, string>> = {
  mode_t: 'uint16_t',
  off_t: 'int64_t',
  ssize_t: 'intptr_t',
  uid_t: 'uint32_t',
  gid_t: 'uint32_t',
  dev_t: 'int32_t',
  copyfile_flags_t: 'uint32_t',
  copyfile_state_t: 'void *',
  'unsigned int': 'uint32_t',
};

/**
 * The functions of libSystem that the engine calls. Each returns a result of 0 or more, or the negated error number.
 * A call that a signal interrupted before it did anything is repeated here; for clones and fcopyfile the strategies
 * decide. A function that an old macOS does not have returns -ENOSYS.
 */
export interface Bindings
  extends PosixBindings,
    Omit<Calls<typeof prototypes>, 'fcntl' | 'openat' | 'renameatx_np' | 'fcopyfile'> {
  renameatx(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): number;
  /** `fcntl` with an integer argument. */
  fcntl(fd: number, command: number, argument: number): number;
  /** `fcntl` with a structure. */
  fcntlMemory(fd: number, command: number, argument: Memory): number;
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
    const { result, parameters } = koffiTypes(prototypes[name], TYPES);
    return system.func(symbolOf(name, arch), result, parameters) as Native;
  };
  const binder = binderOf(koffi, native);
  const { seldom, checked, retryInterrupted } = binder;

  // Declared as variadic: on Apple's arm64 variadic arguments are passed on the stack, never in registers.
  const openat = native('openat');
  const fcntl = native('fcntl');

  const fstat = native('fstat');
  const fstatat = native('fstatat');
  const { mknodat, fcopyfile, renameatx_np } = seldom('mknodat', 'fcopyfile', 'renameatx_np');

  return {
    ...posixBindings(binder),
    ...seldom('statfs', 'getattrlist', 'clonefileat', 'fclonefileat'),
    openat: (at, path, flags, mode) => {
      const result = checked(openat(at, path, flags, 'int', mode));
      return result === -EINTR ? retryInterrupted(() => openat(at, path, flags, 'int', mode)) : result;
    },
    fstat: (fd, buffer) => checked(fstat(fd, buffer)),
    fstatat: (at, path, buffer, flags) => checked(fstatat(at, path, buffer, flags)),
    renameatx: renameatx_np,
    mknodat: (at, path, mode, device) => mknodat(at, path, mode, device | 0),
    fcntl: (fd, command, argument) => retryInterrupted(() => fcntl(fd, command, 'int', argument)),
    fcntlMemory: (fd, command, argument) => retryInterrupted(() => fcntl(fd, command, 'void *', argument)),
    // No state is passed: Transferrer finds out by itself what it could report.
    fcopyfile: (source, destination, flags) => fcopyfile(source, destination, null, flags),
  };
}
