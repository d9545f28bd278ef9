import path from 'node:path';
import { runSync } from './copy-sync.ts';
import { CopyError } from './errors.ts';
import { execute } from './execute/execute.ts';
import type { Method } from './model/settings.ts';
import type { CopyFileOptions } from './options.ts';
import { toPath } from './path-or-url.ts';
import { EISDIR } from './platform/errno.ts';
import { lostWarnings, type Tally } from './report.ts';
import { resolveFileOptions } from './resolve-options.ts';

/** What happened to one file. */
export interface CopyFileResult {
  /**
   * How it was copied: the system call or API that copied its bytes; `symlink` for a link that was copied as a link;
   * `unchanged` for a destination that was not replaced.
   */
  method: Method | 'symlink' | 'unchanged';
  /** Bytes copied. */
  bytes: number;
  /** What the user should know although nothing failed: attributes that were lost. Absent when there is nothing. */
  warnings?: string[];
}

/**
 * Copies one file, and creates its parent directories if they are missing. `destination` is the new file, not the
 * directory that it goes into; a path that ends with a slash fails with `EISDIR`. Both are paths, or `file:` URLs. A
 * worker thread copies a file that would block the calling thread: a large file that cannot be cloned, a file that
 * has to reach the disk, a file on a network filesystem.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 * @throws {CopyError} for everything else; then the old destination is unchanged, and no incomplete file is left
 */
export async function copyFile(
  source: string | URL,
  destination: string | URL,
  options: CopyFileOptions = {},
): Promise<CopyFileResult> {
  return toResult(await execute(prepare(source, destination, options)));
}

/** Like {@link copyFile}, but blocks until the file is copied. It checks `signal` only before it starts. */
export function copyFileSync(
  source: string | URL,
  destination: string | URL,
  options: CopyFileOptions = {},
): CopyFileResult {
  return toResult(runSync(prepare(source, destination, options)));
}

/**
 * Throws if the destination, as it was `given`, ends with a slash, which means a directory. `to` is the same path
 * without the slash.
 */
function refuseDirectoryName(source: string, given: string, to: string): void {
  if (!given.endsWith('/') && !given.endsWith(path.sep)) return;
  const example = JSON.stringify(path.join(to, path.basename(source)));
  throw new CopyError({
    code: 'EISDIR',
    reason: `the destination ends with a slash, and so names a directory; name the new file, ${example} for instance`,
    source,
    destination: to.endsWith(path.sep) ? to : to + path.sep,
    errno: EISDIR,
  });
}

function prepare(source: string | URL, destination: string | URL, options: CopyFileOptions) {
  const { from, to, resolved } = resolveFileOptions(source, destination, options);
  refuseDirectoryName(from, toPath(destination), to);
  return resolved;
}

function toResult(tally: Tally): CopyFileResult {
  const [entry] = tally.entries;
  const [leftOut] = tally.leftOut;
  if (leftOut) throw new CopyError(leftOut);
  const method = entry?.action === 'linked' ? 'symlink' : (entry?.method ?? 'unchanged');
  const warnings = [...tally.warnings, ...lostWarnings(tally.lost)];
  return { method, bytes: entry?.bytes ?? 0, ...(warnings.length > 0 && { warnings }) };
}
