import type { Folder } from '../model/folder.ts';
import type { ResolvedTarget } from '../target.ts';
import type { Pending } from './pending.ts';
import { scan } from './scan.ts';
import type { Recall } from './walk.ts';

export interface ScanSettings {
  /** What need not be looked for again. */
  recall?: Recall | undefined;
  targets: readonly ResolvedTarget[];
  symlinks: 'follow' | 'keep';
  /** FIFOs, devices and sockets are copied too. */
  devices?: boolean;
  allowMissing: boolean;
  /** Called with what cannot be read, instead of throwing it; throws what is to end the scan. */
  onError?: ((error: unknown) => void) | undefined;
}

/** Finds the files of all targets, in the targets' order. `warn` is called with what the user should know
 * of them: that a target matches nothing, or that a glob matches directories. */
export function* scanTargets(
  { targets, symlinks, devices = false, allowMissing, recall, onError = rethrow }: ScanSettings,
  warn: (message: string) => void,
): Generator<Folder | Pending> {
  for (const target of targets) {
    const follow = (target.symlinks ?? symlinks) === 'follow';
    const special = target.preserve?.includes('devices') ?? devices;
    yield* scan(target, { follow, devices: special, allowMissing, warn, recall, onError });
  }
}

function rethrow(error: unknown): void {
  throw error;
}
