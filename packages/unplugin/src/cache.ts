import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MANIFEST = '.manifest';

/** Where a project keeps what may be thrown away, for hosts that do not say so themselves. */
export function cacheDirectoryOf(root: string): string {
  const own = path.join(root, 'node_modules/.cache/unplugin-reflink');
  if (fs.existsSync(path.join(root, 'node_modules'))) return own;
  const user = process.getuid?.() ?? os.userInfo().username;
  const shared = path.join(os.tmpdir(), `unplugin-reflink-${user}`);
  return isPrivate(shared) ? path.join(shared, hashOf(root)) : own;
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

/** What was placed is noted outside the output, one file for each output directory. */
export function manifestFile(cacheDirectory: string, directory: string): string {
  return path.join(cacheDirectory, `${hashOf(directory)}${MANIFEST}`);
}

function isManifest(name: string): boolean {
  return name.endsWith(MANIFEST);
}

/** Whether an earlier build placed something there that may be there still; without a directory, anywhere. */
export function wasPlaced(cacheDirectory: string, directory: string | undefined): boolean {
  if (directory !== undefined)
    return fs.existsSync(manifestFile(cacheDirectory, directory)) && fs.existsSync(directory);
  if (!fs.existsSync(cacheDirectory)) return false;
  return fs.readdirSync(cacheDirectory, { recursive: true, encoding: 'utf8' }).some(isManifest);
}

/** Short enough for a name of a file. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
