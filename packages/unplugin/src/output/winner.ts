import type { Target } from 'fs-reflink';

/** Where a file of an output comes from. */
export type Origin = 'public' | 'bundle' | 'target';

/** The properties of a file that decide whether it is kept if another file has the same name. */
export interface Contender {
  origin: Origin;
  /** The option of the file's target. */
  overwrite?: Target<string>['overwrite'];
}

/** A file of a later origin replaces a file of an earlier one. */
const ORDER: readonly Origin[] = ['public', 'bundle', 'target'];

/**
 * Decides which of two files of one name an output gets. `earlier` and `later` are in the order of the options. The
 * bundle's files replace public files, targets' files replace both, and of two files of one origin the later replaces
 * the earlier. A target with `overwrite: false` replaces nothing. One with `'error'` that would replace a file is an
 * error.
 */
export function winnerOf(earlier: Contender, later: Contender): 'earlier' | 'later' | 'error' {
  const isLater = ORDER.indexOf(later.origin) >= ORDER.indexOf(earlier.origin);
  const { overwrite = true } = isLater ? later : earlier;
  if (overwrite === 'error') return 'error';
  return isLater === (overwrite !== false) ? 'later' : 'earlier';
}

/** A file of the bundle. */
export const BUNDLE: Contender = { origin: 'bundle' };

/** The same as {@link winnerOf}, for a copied file and a file of the bundle. */
export function winnerOverBundle(ours: Contender): 'ours' | 'bundle' | 'error' {
  const winner = winnerOf(BUNDLE, ours);
  if (winner === 'error') return winner;
  return winner === 'later' ? 'ours' : 'bundle';
}

/** The contender for a file of a target or, if there is none, of a public directory. */
export function contenderOf(target: Pick<Target<string>, 'overwrite'> | undefined): Contender {
  if (!target) return { origin: 'public' };
  return { origin: 'target', ...(target.overwrite !== undefined && { overwrite: target.overwrite }) };
}
