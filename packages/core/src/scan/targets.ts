import type { Folder } from '../model/folder.ts';
import type { ResolvedTarget } from '../target.ts';
import { scan } from './scan.ts';
import type { Recall } from './walk.ts';

export interface ScanSettings {
  /** What need not be looked for again. */
  recall?: Recall | undefined;
  targets: readonly ResolvedTarget[];
  symlinks: 'follow' | 'keep';
  allowMissing: boolean;
}

/** Finds the files of all targets, in the targets' order. `warn` is called with what the user should know
 * of them: that a target matches nothing, or that a glob matches directories. */
export function* scanTargets(
  { targets, symlinks, allowMissing, recall }: ScanSettings,
  warn: (message: string) => void,
): Generator<Folder> {
  for (const target of targets)
    yield* scan(target, { follow: symlinks === 'follow', allowMissing, warn, recall });
}
