import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonToSkip, unlessRequired } from './optional-lanes.ts';

export const filesystemKinds = [
  'btrfs',
  'xfs',
  'xfs-noreflink',
  'ext4',
  'tmpfs',
  'overlay',
  'exfat',
] as const;
export type FilesystemKind = (typeof filesystemKinds)[number];

export interface MountOptions {
  /** Size of the image, or of the tmpfs. @default 512 */
  sizeMiB?: number;
  /** Extra mount options, comma separated: `'ro'`, `'nodatacow'`. */
  options?: string;
  /** Extra arguments of mkfs. */
  mkfs?: string[];
  /** Overlay only: a directory for the upper, work and lower layer. @default a new tmpfs */
  on?: string;
  /** Overlay only: a directory on another filesystem for the lower layer. @default `on` */
  lowerOn?: string;
}

export interface MountedFilesystem extends Disposable {
  kind: FilesystemKind;
  /** The mount point. On btrfs it holds the subvolumes `a` and `b`. */
  path: string;
  /** Overlay only: the directories behind it. */
  layers?: { lower: string; upper: string };
  remount(options: string): void;
  unmount(): void;
}

interface Recipe {
  type: string;
  mkfs?: string[];
  /** The smallest image that its mkfs accepts, for the trial mount. */
  leastMiB: number;
  options: string[];
}

const recipes: Record<FilesystemKind, Recipe> = {
  btrfs: { type: 'btrfs', mkfs: ['mkfs.btrfs', '-q', '-f', '-K'], leastMiB: 128, options: ['loop'] },
  xfs: {
    type: 'xfs',
    mkfs: ['mkfs.xfs', '-q', '-f', '-K', '-m', 'reflink=1'],
    leastMiB: 320,
    options: ['loop'],
  },
  'xfs-noreflink': {
    type: 'xfs',
    mkfs: ['mkfs.xfs', '-q', '-f', '-K', '-m', 'reflink=0'],
    leastMiB: 320,
    options: ['loop'],
  },
  ext4: {
    type: 'ext4',
    // A kernel thread would write lazily initialised tables after the mount, in the middle of a measurement.
    mkfs: ['mkfs.ext4', '-q', '-F', '-E', 'nodiscard,lazy_itable_init=0,lazy_journal_init=0'],
    leastMiB: 16,
    options: ['loop'],
  },
  tmpfs: { type: 'tmpfs', leastMiB: 1, options: [] },
  // The driver in user space, because not every kernel has one. It is case-insensitive, and each spelling has its own
  // inode.
  exfat: { type: 'exfat-fuse', mkfs: ['mkfs.exfat'], leastMiB: 16, options: ['loop'] },
  overlay: { type: 'overlay', leastMiB: 1, options: [] },
};

const homePrefix = 'fs-reflink-mount-';
const cleanups = new Set<() => void>();
const reasons = new Map<FilesystemKind, string | undefined>();
let prepared = false;

/**
 * Why tests do not use `kind` here; undefined if they do. Btrfs is used wherever it can be mounted, the others belong
 * to the lane `filesystems`.
 */
export function unavailable(kind: FilesystemKind): string | undefined {
  const obstacle = () => cannotMount(kind);
  return kind === 'btrfs' ? unlessRequired('filesystems', obstacle()) : reasonToSkip('filesystems', obstacle);
}

/** Why `kind` cannot be mounted here, found by a trial mount; undefined if it can. */
export function cannotMount(kind: FilesystemKind): string | undefined {
  if (!reasons.has(kind)) reasons.set(kind, reasonAgainst(kind));
  const reason = reasons.get(kind);
  return reason && `${kind} cannot be mounted: ${reason}`;
}

/**
 * Mounts a new filesystem. It is unmounted by `unmount()`, at the end of `using`, or at the latest when the process
 * ends.
 */
export function mountFilesystem(kind: FilesystemKind, options: MountOptions = {}): MountedFilesystem {
  if (kind === 'overlay') {
    prepareOnce();
    return mountOverlay(options);
  }
  const recipe = recipes[kind];
  const { path, unmount } = mountWith((home, mountPoint) => {
    const source = recipe.mkfs ? makeImage(home, recipe.mkfs, options) : 'none';
    const size = kind === 'tmpfs' ? [`size=${options.sizeMiB ?? 512}m`] : [];
    mount(recipe.type, source, mountPoint, [...recipe.options, ...size, ...asList(options.options)]);
    if (kind === 'btrfs' && !asList(options.options).includes('ro')) {
      for (const name of ['a', 'b']) run('btrfs', ['-q', 'subvolume', 'create', join(mountPoint, name)]);
    }
  });
  return mounted(kind, path, unmount);
}

/**
 * Calls `start` to mount something at the given path. Its `home` may contain what the mount needs, as `image` or
 * `behind`. Both are deleted by `unmount()`, or at the latest when the process ends.
 */
export function mountWith(start: (home: string, path: string) => void): { path: string; unmount(): void } {
  prepareOnce();
  const home = mkdtempSync(join(tmpdir(), `${homePrefix}${process.pid}-`));
  const path = join(home, 'mount');
  const cleanup = () => removeHome(home);
  cleanups.add(cleanup);
  try {
    mkdirSync(path);
    start(home, path);
  } catch (error) {
    release(cleanup);
    throw error;
  }
  return { path, unmount: () => release(cleanup) };
}

/** Creates the image of a filesystem in an existing directory. */
export function makeImageIn(directory: string, kind: FilesystemKind, options: MountOptions = {}): string {
  return makeImage(directory, recipes[kind].mkfs!, options);
}

/** Mounts an image, which is kept after it is unmounted. */
export function mountImage(kind: FilesystemKind, image: string): { path: string; unmount(): void } {
  return mountWith((_home, path) => mount(recipes[kind].type, image, path, recipes[kind].options));
}

function mountOverlay(options: MountOptions): MountedFilesystem {
  const ground = options.on ? undefined : mountFilesystem('tmpfs', options);
  const on = options.on ?? ground!.path;
  const upperHome = mkdtempSync(join(on, 'overlay-'));
  const lowerHome = options.lowerOn ? mkdtempSync(join(options.lowerOn, 'overlay-')) : upperHome;
  const layers = { lower: join(lowerHome, 'lower'), upper: join(upperHome, 'upper') };
  const work = join(upperHome, 'work');
  const path = join(upperHome, 'mount');
  for (const directory of [layers.lower, layers.upper, work, path]) mkdirSync(directory);
  const cleanup = () => {
    detach(path);
    for (const home of [upperHome, lowerHome]) rmSync(home, { recursive: true, force: true });
    ground?.unmount();
  };
  cleanups.add(cleanup);
  try {
    const places = [`lowerdir=${layers.lower}`, `upperdir=${layers.upper}`, `workdir=${work}`];
    mount('overlay', 'none', path, [...places, ...asList(options.options)]);
  } catch (error) {
    release(cleanup);
    throw error;
  }
  return { ...mounted('overlay', path, () => release(cleanup)), layers };
}

function mounted(kind: FilesystemKind, path: string, unmount: () => void): MountedFilesystem {
  const remount = (options: string) => run('mount', ['-o', `remount,${options}`, path]);
  return { kind, path, remount, unmount, [Symbol.dispose]: unmount };
}

function mount(type: string, source: string, path: string, options: string[]): void {
  run('mount', ['-t', type, ...(options.length > 0 ? ['-o', options.join(',')] : []), source, path]);
}

function makeImage(home: string, mkfs: string[], options: MountOptions): string {
  const image = join(home, 'image');
  writeFileSync(image, '');
  truncateSync(image, (options.sizeMiB ?? 512) * 1024 * 1024);
  const [tool, ...args] = mkfs;
  run(tool!, [...args, ...(options.mkfs ?? []), image]);
  return image;
}

function reasonAgainst(kind: FilesystemKind): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'mounting needs root';
  const tool = recipes[kind].mkfs?.[0];
  if (tool && spawnSync(tool, ['-V']).error) return `${tool} is not installed`;
  try {
    mountFilesystem(kind, { sizeMiB: recipes[kind].leastMiB }).unmount();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function run(command: string, args: string[]): void {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${stderr.trim() || `exit status ${status}`}`);
}

function asList(options: string | undefined): string[] {
  return options ? options.split(',') : [];
}

function release(cleanup: () => void): void {
  if (cleanups.delete(cleanup)) cleanup();
}

/** Unmounts lazily if a normal unmount fails: a failed test may have left a descriptor open. */
function detach(path: string): void {
  if (spawnSync('umount', [path]).status !== 0) spawnSync('umount', ['-l', path]);
}

function removeHome(home: string): void {
  const path = join(home, 'mount');
  detach(path);
  for (const name of ['image', 'behind']) rmSync(join(home, name), { recursive: true, force: true });
  try {
    // Never recursively: if the mount still existed, that would delete its files.
    rmdirSync(path);
    rmdirSync(home);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function prepareOnce(): void {
  if (prepared) return;
  prepared = true;
  sweepDeadProcesses();
  process.on('exit', cleanUpAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      cleanUpAll();
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

function cleanUpAll(): void {
  // The last mount first: an overlay is on a filesystem that was mounted before it.
  for (const cleanup of [...cleanups].reverse()) {
    try {
      release(cleanup);
    } catch (error) {
      console.error(error);
    }
  }
}

/** Cleans up for earlier processes that were ended by SIGKILL. */
function sweepDeadProcesses(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(homePrefix)) continue;
    const pid = Number.parseInt(name.slice(homePrefix.length), 10);
    if (isAlive(pid)) continue;
    try {
      const home = join(tmpdir(), name);
      detachLoopDevices(join(home, 'image'));
      removeHome(home);
    } catch {
      // Another process cleans up at the same time, or this user may not do it.
    }
  }
}

function detachLoopDevices(image: string): void {
  const { stdout } = spawnSync('losetup', ['-n', '-O', 'NAME', '-j', image], { encoding: 'utf8' });
  for (const device of stdout?.split('\n').filter(Boolean) ?? []) spawnSync('losetup', ['-d', device]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
