import type { Probe } from '../../probe.ts';

/** Filesystems that have no way to share blocks between files, whatever their options. */
const NEVER = new Set([
  'ext4',
  'tmpfs',
  'ramfs',
  'vfat',
  'exfat',
  'ntfs',
  'ntfs3',
  'f2fs',
  'hfs',
  'NTFS',
  'FAT32',
  'exFAT',
]);
/** Where something else decides than the filesystem that is seen. */
const REMOTE = new Set(['nfs', 'cifs', 'smb2', 'fuse', '9p', 'ceph', 'vboxsf']);

const CAN: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'btrfs, and XFS made with reflink=1, can',
  darwin: 'APFS can',
  win32: 'ReFS can, on a Dev Drive for example',
};

/** What follows from a probe for the user, in whole sentences. Nothing that was not found. */
export function advice(probe: Probe): string[] {
  return [aboutCloning(probe), aboutNative(probe)].filter((text) => text !== undefined);
}

function aboutCloning({ reflink, source, destination, platform, problem }: Probe): string | undefined {
  if (reflink.supported || problem !== undefined) return undefined;
  const can = CAN[platform];
  const others = can === undefined ? '' : `; ${can}`;
  for (const { filesystem } of [destination, source]) {
    if (NEVER.has(filesystem)) return `${filesystem} cannot clone${others}.`;
  }
  if (reflink.code === 'EXDEV') {
    return 'Files can be cloned only within one filesystem: move one of the two places, or copy once and clone from there.';
  }
  const name = destination.filesystem;
  if (name === 'xfs') {
    return 'This XFS was made without reflink; mkfs.xfs -m reflink=1, the default since xfsprogs 5.1, makes one that can clone.';
  }
  if (name === 'overlay') {
    return 'An overlay clones only where its upper layer, and the layer a file is read from, lie on one filesystem that can.';
  }
  if (name === 'btrfs' && reflink.code === 'EINVAL') {
    return 'btrfs does not clone between files with copy-on-write and files without it (chattr +C, nodatacow).';
  }
  if (REMOTE.has(name)) return `Whether ${name} clones is decided by what is behind it.`;
  return undefined;
}

function aboutNative({ native }: Probe): string | undefined {
  if (native.loaded) return undefined;
  return `The native lane is not loaded (${native.error}): everything goes by node:fs, without copies inside the kernel.`;
}
