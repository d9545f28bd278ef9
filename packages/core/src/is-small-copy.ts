import { peek } from './execute/small.ts';
import { type CopyOptions, resolveCopyOptions } from './options.ts';
import { scanTargets } from './scan/targets.ts';
import type { Target } from './target.ts';

/**
 * Whether a copy is so small that it needs no worker threads: at most 32 files and 1 MiB. Looks no further
 * than that, so it costs little however much there is. Tells a host whether to call `startWorkers`.
 */
export function isSmallCopy(targets: Target | readonly Target[], options: CopyOptions = {}): boolean {
  const resolved = resolveCopyOptions(targets, options);
  const settings = { targets: resolved.targets, symlinks: resolved.transfer.symlinks, allowMissing: true };
  return peek(scanTargets(settings, () => {})).small;
}
