import type { ResolvedTarget } from '../target.ts';
import type { Folder } from './folder.ts';
import { scan } from './scan.ts';

export interface ScanSettings {
  targets: readonly ResolvedTarget[];
  symlinks: 'follow' | 'keep';
  allowMissing: boolean;
}

/** Finds the files of all targets, in the targets' order. `warn` is told of targets that match nothing. */
export function* scanTargets(
  { targets, symlinks, allowMissing }: ScanSettings,
  warn: (message: string) => void,
): Generator<Folder> {
  for (const target of targets) {
    yield* scan(target, { follow: symlinks === 'follow', onMissing: allowMissing ? warn : undefined });
  }
}
