import path from 'node:path';
import { isInside } from '../inside.ts';
import type { Folder } from '../model/files.ts';
import type { ResolvedTarget } from '../target.ts';
import { lstatIfThere } from './entries.ts';
import { splitGlob, toExclusion } from './glob.ts';
import type { Pending } from './pending.ts';
import { scan } from './scan.ts';
import type { Recall } from './walk.ts';

export interface ScanSettings {
  /** Knows directories whose files are already up to date, so that they are not read again. */
  recall?: Recall | undefined;
  targets: readonly ResolvedTarget[];
  symlinks: 'follow' | 'keep';
  /**
   * Whether names that are not UTF-8 are copied too, as strings that can be converted back to bytes. By default they
   * are refused.
   */
  raw?: boolean;
  /** Whether FIFOs, devices and sockets are copied too. */
  devices?: boolean;
  allowMissing: boolean;
  /**
   * Called with an error of something that cannot be read, in place of throwing it. Throws it if it has to end the
   * scan.
   */
  onError?: ((error: unknown) => void) | undefined;
}

/**
 * Finds the files of all targets, in the order of the targets. `warn` is called if a target matches nothing, if a
 * glob matches directories, or if `ignore` names paths outside all sources.
 */
export function* scanTargets(
  { targets, symlinks, raw = false, devices = false, allowMissing, recall, onError = rethrow }: ScanSettings,
  warn: (message: string) => void,
): Generator<Folder | Pending> {
  for (const each of ignoredElsewhere(targets))
    warn(
      `ignore: ${JSON.stringify(each)} ignores nothing, because no target has files there; correct the path, or write it relative to the directory that is copied`,
    );
  for (const target of targets) {
    const follow = (target.symlinks ?? symlinks) === 'follow';
    const special = target.preserve?.includes('devices') ?? devices;
    yield* scan(target, { follow, raw, devices: special, allowMissing, warn, recall, onError });
  }
}

/** The absolute paths and globs in `ignore` that are not in any directory the targets copy from. */
function ignoredElsewhere(targets: readonly ResolvedTarget[]): string[] {
  const ignored = new Set(targets.flatMap(({ ignore }) => ignore.filter((each) => path.isAbsolute(each))));
  if (ignored.size === 0) return [];
  const sources = targets
    .flatMap((target) => [target, ...(target.others ?? [])])
    .map(({ from }) => startOf(from));
  return [...ignored].filter((each) => {
    const { base } = toExclusion(each);
    return !sources.some((source) => isInside(source, base) || isInside(base, source));
  });
}

/** The source that is copied: a directory, a file, or the directory that a glob's search starts from. */
function startOf(from: string): string {
  return lstatIfThere(from) ? from : (splitGlob(from)?.base ?? from);
}

function rethrow(error: unknown): void {
  throw error;
}
