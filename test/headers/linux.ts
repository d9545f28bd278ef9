import fs from 'node:fs';
import { LINUX_ERRORS } from '../../packages/core/src/errors.ts';
import { prototypes, TYPES } from '../../packages/core/src/platform/linux/bindings.ts';
import * as linux from '../../packages/core/src/platform/linux/constants.ts';
import { FILESYSTEMS } from '../../packages/core/src/platform/linux/filesystems.ts';
import { STATX_LAYOUT, STATX_TIMESTAMP_LAYOUT } from '../support/statx.ts';
import { type Check, widths } from './check.ts';

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
  'linux/errno.h',
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

/** The numbers that are the same everywhere. Those that Node.js knows depend on the architecture. */
const constants = Object.fromEntries(
  Object.entries(linux).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && !(entry[0] in fs.constants),
  ),
);
const magic = Object.fromEntries(FILESYSTEMS.map(([type, , constant]) => [constant, type]));
/** `FileStatus.writeTimes()` writes two of these. */
const TIMESPEC = { size: 16, tv_sec: 0, tv_nsec: 8 };

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
    constants: { ...constants, ...LINUX_ERRORS, FICLONE: linux.ficloneNumber(node), ...magic },
    layouts: {
      ...linux.layouts,
      'struct statx': STATX_LAYOUT,
      'struct statx_timestamp': STATX_TIMESTAMP_LAYOUT,
      'struct timespec': TIMESPEC,
    },
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
    layouts: { 'struct timespec': TIMESPEC, ...widths(prototypes, (type) => TYPES[type]) },
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
