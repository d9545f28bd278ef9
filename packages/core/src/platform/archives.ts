/** What Yarn's Plug'n'Play and Electron let `node:fs` see, and no system call. */
const ARCHIVES: readonly (readonly [runtime: string, path: RegExp])[] = [
  ['pnp', /\.zip[\\/]|[\\/]__virtual__[\\/]/],
  ['electron', /\.asar[\\/]/],
];

/** Whether a path leads into an archive that only `node:fs` can read, on the thread whose `node:fs` was patched for it. */
export function isArchived(file: string): boolean {
  return ARCHIVES.some(([runtime, path]) => process.versions[runtime] !== undefined && path.test(file));
}
