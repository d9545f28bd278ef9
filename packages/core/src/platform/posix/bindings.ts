import { EINTR, ENOSYS } from '../errno.ts';
import type { Koffi } from '../koffi.ts';

export type Native = (...args: unknown[]) => number;

/** Memory that is passed to the kernel by address. */
export type Memory = Uint8Array | Uint32Array;

/** Bytes have to end in a NUL. */
export type Path = string | Uint8Array;

/** The functions of libc that Linux and macOS declare alike, with their types in C. */
export const prototypes = {
  openat: 'int openat(int, const char *, int, ...)',
  close: 'int close(int)',
  mkdirat: 'int mkdirat(int, const char *, mode_t)',
  unlinkat: 'int unlinkat(int, const char *, int)',
  renameat: 'int renameat(int, const char *, int, const char *)',
  linkat: 'int linkat(int, const char *, int, const char *, int)',
  mkfifoat: 'int mkfifoat(int, const char *, mode_t)',
  mknodat: 'int mknodat(int, const char *, mode_t, dev_t)',
  fchmodat: 'int fchmodat(int, const char *, mode_t, int)',
  fchownat: 'int fchownat(int, const char *, uid_t, gid_t, int)',
  symlinkat: 'int symlinkat(const char *, int, const char *)',
  readlinkat: 'ssize_t readlinkat(int, const char *, char *, size_t)',
  read: 'ssize_t read(int, void *, size_t)',
  write: 'ssize_t write(int, const void *, size_t)',
  lseek: 'off_t lseek(int, off_t, int)',
  ftruncate: 'int ftruncate(int, off_t)',
  fstatfs: 'int fstatfs(int, struct statfs *)',
  fchmod: 'int fchmod(int, mode_t)',
  fchown: 'int fchown(int, uid_t, gid_t)',
  futimens: 'int futimens(int, const struct timespec *)',
  utimensat: 'int utimensat(int, const char *, const struct timespec *, int)',
  fsync: 'int fsync(int)',
  fcntl: 'int fcntl(int, int, ...)',
} as const;

/** The type of a parameter in TypeScript. */
type Parameter<Declared> = Declared extends 'const char *'
  ? Path
  : Declared extends `${string}*`
    ? Memory
    : number;

type ParameterList<List> = List extends `${infer First}, ${infer Rest}`
  ? [Parameter<First>, ...ParameterList<Rest>]
  : [Parameter<List>];

/** The functions of these prototypes. Each returns a result of 0 or more, or the negated error number. */
export type Calls<Prototypes> = {
  [Name in keyof Prototypes]: Prototypes[Name] extends `${string}(${infer List})`
    ? (...given: ParameterList<List>) => number
    : never;
};

/** The calls that Linux and macOS have in common. */
export interface PosixBindings extends Omit<Calls<typeof prototypes>, 'openat' | 'fcntl'> {
  openat(directory: number, path: Path, flags: number, mode: number): number;
}

/** A function of C, as koffi takes its types. */
export interface KoffiTypes {
  result: string;
  parameters: string[];
}

/**
 * Parses a prototype. `types` are koffi's names for types of C that it does not know. Every pointer except a string is
 * memory of the caller, of which koffi only passes the address.
 */
export function koffiTypes(prototype: string, types: Readonly<Record<string, string>>): KoffiTypes {
  const [, result, list] = /^(.*?)\w+\((.*)\)$/.exec(prototype)!;
  const toKoffi = (declared: string) => {
    const type = declared.trim();
    if (type === 'const char *') return type;
    return type.endsWith('*') ? 'void *' : (types[type] ?? type);
  };
  return { result: toKoffi(result!), parameters: list!.split(',').map(toKoffi) };
}

/** Binds C functions and converts their results. */
export interface Binder<Name extends string> {
  /** Binds a function now. A call returns the function's own result. */
  native(name: Name): Native;
  /**
   * Binds each function at its first call. A call returns what {@link checked} does, or -ENOSYS if this libc does not
   * have the function.
   */
  seldom<Names extends Name>(...names: Names[]): Record<Names, Native>;
  /** Does the same, and repeats the call if a signal interrupted it before anything happened. */
  seldomInterrupted<Names extends Name>(...names: Names[]): Record<Names, Native>;
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
  const bindLater =
    (run: (call: () => number) => number) =>
    <Names extends Name>(...names: Names[]) => {
      const later = (name: Names): Native => {
        let bound: Native | undefined;
        return (...args) => {
          try {
            bound ??= native(name);
          } catch {
            bound = () => -ENOSYS;
          }
          return run(() => bound!(...args));
        };
      };
      return Object.fromEntries(names.map((name) => [name, later(name)])) as Record<Names, Native>;
    };
  return {
    native,
    seldom: bindLater((call) => checked(call())),
    seldomInterrupted: bindLater(retryInterrupted),
    checked,
    retryInterrupted,
  };
}

/**
 * The calls that Linux and macOS declare alike. Those that are made for each file are written out: a function that all
 * of them share would be too polymorphic to be fast.
 */
export function posixBindings(
  binder: Binder<keyof typeof prototypes>,
): Omit<PosixBindings, 'openat' | 'mknodat'> {
  const { native, seldom, seldomInterrupted, checked, retryInterrupted } = binder;
  const close = native('close');
  const read = native('read');
  const write = native('write');
  const lseek = native('lseek');
  const futimens = native('futimens');
  const fchmod = native('fchmod');
  const unlinkat = native('unlinkat');
  return {
    ...seldom('mkdirat', 'renameat', 'linkat', 'mkfifoat', 'fchmodat', 'fchownat', 'symlinkat', 'readlinkat'),
    ...seldom('fstatfs', 'fchown', 'utimensat'),
    ...seldomInterrupted('ftruncate', 'fsync'),
    // Never repeated after EINTR: the descriptor is already closed then.
    close: (fd) => checked(close(fd)),
    unlinkat: (at, path, flags) => checked(unlinkat(at, path, flags)),
    read: (fd, buffer, size) => {
      const result = checked(read(fd, buffer, size));
      return result === -EINTR ? retryInterrupted(() => read(fd, buffer, size)) : result;
    },
    write: (fd, buffer, size) => {
      const result = checked(write(fd, buffer, size));
      return result === -EINTR ? retryInterrupted(() => write(fd, buffer, size)) : result;
    },
    lseek: (fd, offset, whence) => checked(Number(lseek(fd, offset, whence))),
    fchmod: (fd, mode) => checked(fchmod(fd, mode)),
    futimens: (fd, times) => checked(futimens(fd, times)),
  };
}
