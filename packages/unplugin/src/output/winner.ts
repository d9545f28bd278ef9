import type { Target } from 'fs-reflink';

/** What puts a file into an output. */
export type Origin = 'public' | 'bundle' | 'target';

/** What decides whether a file gets a name that another file has too. */
export interface Contender {
  origin: Origin;
  /** Of a target. */
  overwrite?: Target<string>['overwrite'];
}

/** Whoever comes later in it replaces what came before. */
const ORDER: readonly Origin[] = ['public', 'bundle', 'target'];

/**
 * Which of two files of one name an output gets, `earlier` and `later` in the order of the options. Files of public
 * directories are replaced by the bundle's, these by targets', and of two files of one origin the earlier by the later.
 * A target with `overwrite: false` replaces nothing; one with `'error'` that would have to replace a file is an error.
 */
export function winnerOf(earlier: Contender, later: Contender): 'earlier' | 'later' | 'error' {
  const isLater = ORDER.indexOf(later.origin) >= ORDER.indexOf(earlier.origin);
  const { overwrite = true } = isLater ? later : earlier;
  if (overwrite === 'error') return 'error';
  return isLater === (overwrite !== false) ? 'later' : 'earlier';
}

const BUNDLE: Contender = { origin: 'bundle' };

/** {@link winnerOf} a file of ours and one of the bundle's. */
export function winnerOverBundle(ours: Contender): 'ours' | 'bundle' | 'error' {
  const winner = winnerOf(BUNDLE, ours);
  if (winner === 'error') return winner;
  return winner === 'later' ? 'ours' : 'bundle';
}

/** A file of a target, or of a public directory. */
export function contenderOf(target: Pick<Target<string>, 'overwrite'> | undefined): Contender {
  if (!target) return { origin: 'public' };
  return { origin: 'target', ...(target.overwrite !== undefined && { overwrite: target.overwrite }) };
}
