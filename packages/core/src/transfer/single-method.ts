import type { Method } from '../model/settings.ts';
import type { LadderQuery, Strategy, System } from '../platform/system.ts';

type Question = Pick<LadderQuery, 'reflink' | 'bypassCache' | 'cannotClone'>;

const PLAIN: Question = { reflink: 'never', bypassCache: false, cannotClone: true };

/** Questions that between them bring up every strategy, each first in the form it is mostly used in. */
const QUESTIONS: readonly Question[] = [
  { reflink: 'auto', bypassCache: false, cannotClone: true },
  { reflink: 'auto', bypassCache: false, cannotClone: false },
  PLAIN,
  { reflink: 'always', bypassCache: false, cannotClone: false },
  { reflink: 'never', bypassCache: true, cannotClone: true },
];

const LARGE = 1 << 30;
/** Sizes on both sides of every bound that a ladder may know. */
const SIZES = [1, LARGE];

/** Every strategy of a system, one for each method. */
export function strategiesOf(system: System): Map<Method, Strategy> {
  const found = new Map<Method, Strategy>();
  for (const question of QUESTIONS) {
    for (const size of SIZES) {
      for (const strategy of system.ladder({ ...question, size, acl: false })) {
        if (!found.has(strategy.method)) found.set(strategy.method, strategy);
      }
    }
  }
  return found;
}

/** How a system makes a full copy of every block when nothing else is asked for. */
export function plainMethod(system: System): Method {
  const [strategy] = system.ladder({ ...PLAIN, size: LARGE, acl: false });
  return strategy!.method;
}

/**
 * A system whose ladder has one rung: for measuring a method, not for copying. An empty file, which has
 * nothing to be moved, goes its usual way.
 */
export function singleMethod(system: System, method: Method): System {
  const strategy = strategiesOf(system).get(method);
  const ladder = strategy ? [strategy] : [];
  return {
    ...system,
    copyNewFile: undefined,
    ladder: (query) => (query.size === 0 ? system.ladder(query) : ladder),
  };
}
