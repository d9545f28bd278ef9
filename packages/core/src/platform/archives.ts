/** Paths that only `node:fs` can read, under Yarn's Plug'n'Play and Electron: for system calls they do not exist. */
const ARCHIVES: readonly (readonly [runtime: string, path: RegExp])[] = [
  ['pnp', /\.zip[\\/]|[\\/]__virtual__[\\/]/],
  ['electron', /\.asar[\\/]/],
];

/**
 * Whether a path leads into an archive. Only `node:fs` can read it, on a thread where `node:fs` was patched for that.
 */
export function isArchived(file: string): boolean {
  return ARCHIVES.some(([runtime, path]) => process.versions[runtime] !== undefined && path.test(file));
}
