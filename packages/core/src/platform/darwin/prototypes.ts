import { prototypes as shared } from '../posix/prototypes.ts';

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

const KOFFI_TYPES: Record<string, string> = {
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

/** A prototype with koffi's types. Every pointer except a string is memory of the caller. */
export function koffiTypes(prototype: string): { result: string; parameters: string[] } {
  const [, result, list] = /^(.*?)\w+\((.*)\)$/.exec(prototype)!;
  return { result: koffiType(result!), parameters: list!.split(',').map(koffiType) };
}

function koffiType(declared: string): string {
  const type = declared.trim();
  if (type === 'const char *') return type;
  return type.endsWith('*') ? 'void *' : (KOFFI_TYPES[type] ?? type);
}
