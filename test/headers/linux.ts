import * as linux from '../../packages/core/src/platform/linux/constants.ts';
import * as magic from '../../packages/core/src/platform/linux/magic.ts';
import { prototypes, SCALARS } from '../../packages/core/src/platform/linux/prototypes.ts';
import type { Check } from './check.ts';

/** Where Node.js and koffi run on Linux, by zig's name and by Node's. */
const ARCHITECTURES: readonly [zig: string, node: string, glibc: string][] = [
  ['x86_64', 'x64', '.2.28'],
  ['aarch64', 'arm64', '.2.28'],
  ['riscv64', 'riscv64', '.2.28'],
  ['powerpc64le', 'ppc64', '.2.28'],
  // glibc came to it later.
  ['loongarch64', 'loong64', ''],
];

const PRIVATE = 'the filesystem keeps it to itself';

const KERNEL_HEADERS = [
  'linux/fcntl.h',
  'linux/fs.h',
  'linux/fiemap.h',
  'linux/stat.h',
  'linux/falloc.h',
  'linux/fadvise.h',
  'linux/limits.h',
  'linux/time.h',
  'linux/magic.h',
  'linux/gfs2_ondisk.h',
  'sys/statfs.h',
];

const LIBC_HEADERS = [
  'fcntl.h',
  'stdio.h',
  'time.h',
  'unistd.h',
  'sys/ioctl.h',
  'sys/stat.h',
  'sys/statfs.h',
  'sys/types.h',
  'sys/xattr.h',
];

/** What koffi is told instead of these types has to be as wide. */
const scalarLayouts = Object.fromEntries(
  Object.entries(SCALARS).map(([type, { bytes }]) => [type, { size: bytes }]),
);

export const linuxChecks: Check[] = ARCHITECTURES.flatMap(([zig, node, glibc]) => [
  kernel(zig, node),
  libc(`${zig}-linux-gnu${glibc}`),
  musl(`${zig}-linux-musl`),
]);

/** Numbers and layouts are the kernel's, whichever libc there is. */
function kernel(zig: string, node: string): Check {
  return {
    name: `Linux ${zig}: the kernel`,
    target: `${zig}-linux-musl`,
    includes: KERNEL_HEADERS,
    constants: { ...linux.constants, ...linux.constantsOf(node), ...magic },
    layouts: linux.layouts,
    absent: {
      ZFS_SUPER_MAGIC: PRIVATE,
      VBOXSF_SUPER_MAGIC: PRIVATE,
      NTFS_SB_MAGIC: PRIVATE,
      NTFS3_SUPER_MAGIC: PRIVATE,
    },
  };
}

/** The oldest glibc that Node.js 20 runs on, where the architecture is that old. */
function libc(target: string): Check {
  return {
    name: `Linux ${target}: libc`,
    target,
    before: '#define _GNU_SOURCE',
    includes: LIBC_HEADERS,
    layouts: { 'struct timespec': linux.layouts['struct timespec']!, ...scalarLayouts },
    prototypes,
  };
}

function musl(target: string): Check {
  return {
    ...libc(target),
    // POSIX has no unsigned long there; the number of the request fits in 32 bits, and registers are as wide.
    prototypes: { ...prototypes, ioctl: 'int ioctl(int, int, ...)' },
    absent: { renameat2: 'musl 1.2.5 does not have it; the engine answers ENOSYS and links instead' },
  };
}

/** The native lane refuses to load there: with the plain names, offsets and times have 32 bits. */
export const linuxOf32Bits: Check[] = ['arm-linux-gnueabihf.2.28', 'x86-linux-gnu.2.28'].map(libc);
