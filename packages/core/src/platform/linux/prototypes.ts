import { prototypes as shared } from '../posix/prototypes.ts';

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

export type PrototypeName = keyof typeof prototypes;

/** C types that koffi does not know, with koffi's name for each and the width in bytes. */
export const SCALARS: Readonly<Record<string, { koffi: string; bytes: number }>> = {
  ssize_t: { koffi: 'intptr_t', bytes: 8 },
  off_t: { koffi: 'int64_t', bytes: 8 },
  mode_t: { koffi: 'uint', bytes: 4 },
  uid_t: { koffi: 'uint', bytes: 4 },
  gid_t: { koffi: 'uint', bytes: 4 },
  dev_t: { koffi: 'uint64_t', bytes: 8 },
  'unsigned int': { koffi: 'uint', bytes: 4 },
};

/**
 * A prototype with koffi's types. `last` replaces variadic arguments, if a call with a fixed number of arguments is
 * the same.
 */
export function signatureOf(name: PrototypeName, last?: string): string {
  let signature: string = prototypes[name];
  // The kernel reads or fills in this memory: koffi only passes its address.
  signature = signature.replace(/\b(struct \w+|off_t|(?<!const )char) \*/g, 'void *');
  for (const [type, { koffi }] of Object.entries(SCALARS)) signature = signature.replaceAll(type, koffi);
  return last === undefined ? signature : signature.replace('...', last);
}
