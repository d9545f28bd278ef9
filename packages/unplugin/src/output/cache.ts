import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ResolvedOptions } from '../options/options.ts';

/** The directory for the records of a project. `own` is the host's own cache directory, if it has one. */
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

/** A directory among the temporary files that only this user can write to. Undefined if it cannot be created. */
function temporaryDirectory(key: string): string | undefined {
  const user = process.getuid?.() ?? os.userInfo().username;
  const shared = path.join(os.tmpdir(), `unplugin-reflink-${user}`);
  return isPrivate(shared) ? path.join(shared, hashOf(key)) : undefined;
}

/** A warning if the path of a cache directory leads to something else. Then {@link manifestFile} uses another. */
export function cacheWarning(cacheDirectory: string): string | undefined {
  const used = usable(cacheDirectory);
  if (used === cacheDirectory) return undefined;
  return `the records of copied files cannot be kept in ${JSON.stringify(cacheDirectory)}, because a file is in the place of this directory, or of a directory above it: they are kept in ${JSON.stringify(used)}. Delete that file, or set the option "cacheDirectory"`;
}

function usable(cacheDirectory: string): string {
  if (!isBlocked(cacheDirectory)) return cacheDirectory;
  return temporaryDirectory(cacheDirectory) ?? cacheDirectory;
}

function isBlocked(directory: string): boolean {
  try {
    return !fs.statSync(directory).isDirectory();
  } catch (error) {
    // With `throwIfNoEntry: false`, Node.js 22 and newer do not throw this error.
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR';
  }
}

/** Whether only this user can write to a directory. The records in it decide what is deleted. */
function isPrivate(directory: string): boolean {
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = fs.lstatSync(directory);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/** The file that lists the records of an output directory, with the instances of the plugin that own them. */
export function indexFile(cacheDirectory: string, directory: string): string {
  return path.join(cacheDirectory, `${hashOf(directory)}.json`);
}

/**
 * The manifest of an output directory. It is outside the output. If the path of the cache directory leads to
 * something that is no directory, the manifest is among the temporary files.
 */
export function manifestFile(cacheDirectory: string, directory: string): string {
  return path.join(usable(cacheDirectory), `${hashOf(directory)}.manifest`);
}

/** The file in which hashes of imported files are kept. */
export function assetHashesFile(cacheDirectory: string): string {
  return path.join(usable(cacheDirectory), 'asset-hashes.json');
}

/** The prefix of the files in which builds note that their bundler writes stand-ins into an output directory. */
export function standInNotes(cacheDirectory: string, directory: string): string {
  return path.join(usable(cacheDirectory), `${hashOf(directory)}.stand-ins-`);
}

/** Writes a file of the cache by a rename, because another process may be reading it. Ignores errors. */
export function writeCached(file: string, value: unknown): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(temporary, JSON.stringify(value), { flag: 'wx' });
    fs.renameSync(temporary, file);
  } catch {
    // Not an error: the copy itself warns if it cannot write its manifest, which is below the same directory.
    try {
      fs.rmSync(temporary, { force: true });
    } catch {
      // The reason for which the file could not be written may also prevent deleting the temporary file.
    }
  }
}

/** Reads a file that {@link writeCached} has written. Undefined if it is missing or damaged. */
export function readCached(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether an earlier build copied something into an output directory that may still exist. */
export function wasCopied(cacheDirectory: string, directory: string): boolean {
  return fs.existsSync(manifestFile(cacheDirectory, directory)) && fs.existsSync(directory);
}

/** A hash that is short enough for the name of a file. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
