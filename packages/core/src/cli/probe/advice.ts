import type { Probe } from '../../model/probe.ts';

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
/** Filesystems where another one behind them decides whether files can be cloned. */
const REMOTE = new Set(['nfs', 'cifs', 'smb2', 'fuse', '9p', 'ceph', 'vboxsf']);

const CAN: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'btrfs, and XFS made with reflink=1, can',
  darwin: 'APFS can',
  win32: 'ReFS can, on a Dev Drive for example',
};

/** What a probe means for the user, in whole sentences. Says only what the probe has found. */
export function advice(probe: Probe): string[] {
  const cloning = probe.reflink.supported || probe.problem !== undefined ? [] : aboutCloning(probe);
  return [...cloning, ...aboutNative(probe)];
}

function aboutCloning({ reflink, source, destination, platform }: Probe): string[] {
  const names = new Set([source.filesystem, destination.filesystem]);
  const unable = [...names].filter((name) => NEVER.has(name));
  const can = CAN[platform];
  const texts =
    unable.length > 0 ? [`${unable.join(' and ')} cannot clone${can === undefined ? '' : `; ${can}`}.`] : [];
  const crosses = names.size > 1 || (reflink.code === 'EXDEV' && !names.has('overlay'));
  if (crosses) {
    const which = names.size > 1 ? ` (${[...names].join(' and ')})` : '';
    texts.unshift(`Files share blocks only within one filesystem, and these are two${which}.`);
  }
  return texts.length > 0 ? texts : aboutOneFilesystem(destination.filesystem, reflink.code);
}

function aboutOneFilesystem(name: string, code: string | undefined): string[] {
  if (name === 'xfs' && code === 'ENOTSUP') {
    return [
      'This XFS was made without reflink; mkfs.xfs -m reflink=1, the default since xfsprogs 5.1, makes one that can clone.',
    ];
  }
  if (name === 'overlay') {
    return [
      'An overlay clones only where its upper layer, and the layer a file is read from, lie on one filesystem that can.',
    ];
  }
  if (name === 'btrfs' && code === 'EINVAL') {
    return [
      'btrfs does not clone between files with copy-on-write and files without it (chattr +C, nodatacow).',
    ];
  }
  return REMOTE.has(name) ? [`Whether ${name} clones is decided by what is behind it.`] : [];
}

function aboutNative({ native }: Probe): string[] {
  if (native.loaded) return [];
  return [
    `koffi is not loaded (${native.error}): node:fs copies everything, and nothing is copied inside the kernel.`,
  ];
}
