import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { type FilesystemKind, type MountedFilesystem, mountFilesystem, unavailable } from './filesystems.ts';

/** The source and destination directories of a copy, mounted for a test file. */
export interface MountedPlace {
  source: string;
  destination: string;
  /** The mount point of the filesystem that allocates the blocks of the destination. */
  blocks: string;
  unmount(): void;
}

export interface Place {
  name: string;
  /** The kinds of filesystems that it needs. */
  needs: FilesystemKind[];
  /** Whether files can be cloned there. */
  clones: boolean;
  /** Whether its reports about holes are trusted. */
  tellsHoles: boolean;
  mount(): MountedPlace;
}

function plain(kind: FilesystemKind, clones: boolean, name: string = kind): Place {
  return {
    name,
    needs: [kind],
    clones,
    tellsHoles: true,
    mount() {
      const mounted = mountFilesystem(kind);
      return place(mounted.path, mounted.path, mounted.path, [mounted]);
    },
  };
}

/** Both sides are in the upper layer. */
function overlay(on: FilesystemKind, clones: boolean): Place {
  return {
    name: `overlay on ${on}`,
    needs: [on, 'overlay'],
    clones,
    tellsHoles: false,
    mount() {
      const ground = mountFilesystem(on);
      const over = mountFilesystem('overlay', { on: ground.path });
      return place(over.path, over.path, ground.path, [over, ground]);
    },
  };
}

const subvolumes: Place = {
  name: 'btrfs, from one subvolume to another',
  needs: ['btrfs'],
  clones: true,
  tellsHoles: true,
  mount() {
    const mounted = mountFilesystem('btrfs');
    return place(join(mounted.path, 'a'), join(mounted.path, 'b'), mounted.path, [mounted]);
  },
};

export const btrfsPlaces: Place[] = [plain('btrfs', true), subvolumes, overlay('btrfs', true)];

export const xfsPlaces: Place[] = [plain('xfs', true), overlay('xfs', true)];

export const copyingPlaces: Place[] = [
  plain('xfs-noreflink', false, 'xfs without reflink'),
  plain('ext4', false),
  plain('tmpfs', false),
  overlay('ext4', false),
];

/**
 * Describes tests that need filesystems of these kinds. If one cannot be mounted, they are skipped with the reason in
 * the name, or fail if they are required.
 */
export function describeOn(kinds: FilesystemKind[], name: string, body: () => void): void {
  const reason = kinds.map((kind) => unavailable(kind)).find((each) => each !== undefined);
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${reason})`, body);
}

function place(
  source: string,
  destination: string,
  blocks: string,
  mounts: MountedFilesystem[],
): MountedPlace {
  const home = (root: string, name: string) => {
    mkdirSync(join(root, name), { recursive: true });
    return mkdtempSync(join(root, name, 'at-'));
  };
  return {
    source: home(source, 'from'),
    destination: home(destination, 'to'),
    blocks,
    unmount: () => {
      for (const mounted of mounts) mounted.unmount();
    },
  };
}
