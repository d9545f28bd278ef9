import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ResolvedOptions } from '../options/options.ts';

const MANIFEST = '.manifest';

/** Where records of a project are kept. `own` is where the host keeps what may be thrown away, if it says so itself. */
export function cacheDirectoryOf(
  { cacheDirectory }: Pick<ResolvedOptions, 'cacheDirectory'>,
  root: string,
  own?: string,
): string {
  if (cacheDirectory !== undefined) return path.resolve(root, cacheDirectory);
  if (own !== undefined) return path.join(own, 'unplugin-reflink');
  const inProject = path.join(root, 'node_modules/.cache/unplugin-reflink');
  if (fs.existsSync(path.join(root, 'node_modules'))) return inProject;
  return temporaryDirectory(root) ?? inProject;
}

/** One of the user's that nobody else can write to, if there can be one. */
function temporaryDirectory(key: string): string | undefined {
  const user = process.getuid?.() ?? os.userInfo().username;
  const shared = path.join(os.tmpdir(), `unplugin-reflink-${user}`);
  return isPrivate(shared) ? path.join(shared, hashOf(key)) : undefined;
}

/** A warning where something that is no directory is in the place of a cache directory; see {@link manifestFile}. */
export function cacheWarning(cacheDirectory: string): string | undefined {
  const used = usable(cacheDirectory);
  if (used === cacheDirectory) return undefined;
  return `${JSON.stringify(cacheDirectory)}, where records of copied files are to be kept, is no directory or lies in none: they are kept in ${JSON.stringify(used)}. Delete what is in its place, or set the option "cacheDirectory"`;
}

function usable(cacheDirectory: string): string {
  if (!isBlocked(cacheDirectory)) return cacheDirectory;
  return temporaryDirectory(cacheDirectory) ?? cacheDirectory;
}

function isBlocked(directory: string): boolean {
  try {
    return fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() === false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR';
  }
}

/** What is noted there decides what is deleted: in a directory for all, nobody else may have written it. */
function isPrivate(directory: string): boolean {
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = fs.lstatSync(directory);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/** Where it is noted which instances of the plugin have a record of what they copied into an output directory. */
export function indexFile(cacheDirectory: string, directory: string): string {
  return path.join(cacheDirectory, `${hashOf(directory)}.json`);
}

/**
 * What was copied is noted outside the output, one file for each output directory; among temporary files where something
 * that is no directory is in the place of the cache directory.
 */
export function manifestFile(cacheDirectory: string, directory: string): string {
  return path.join(usable(cacheDirectory), `${hashOf(directory)}${MANIFEST}`);
}

/** Where hashes of imported files are kept. */
export function assetHashesFile(cacheDirectory: string): string {
  return path.join(usable(cacheDirectory), 'asset-hashes.json');
}

/** What the names of files begin with that note builds whose bundler writes stand-ins into an output directory. */
export function standInNotes(cacheDirectory: string, directory: string): string {
  return path.join(usable(cacheDirectory), `${hashOf(directory)}.stand-ins-`);
}

function isManifest(name: string): boolean {
  return name.endsWith(MANIFEST);
}

/** Whether an earlier build copied something there that may be there still; without a directory, anywhere. */
export function wasCopied(cacheDirectory: string, directory: string | undefined): boolean {
  if (directory !== undefined)
    return fs.existsSync(manifestFile(cacheDirectory, directory)) && fs.existsSync(directory);
  try {
    return fs.readdirSync(cacheDirectory, { recursive: true, encoding: 'utf8' }).some(isManifest);
  } catch {
    // Missing, or nothing that records can be read from.
    return false;
  }
}

/** Short enough for a name of a file. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
