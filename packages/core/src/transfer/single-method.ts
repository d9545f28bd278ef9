import type { Method } from '../model/settings.ts';
import type { LadderQuery, Strategy, System } from '../platform/system.ts';

type Question = Pick<LadderQuery, 'reflink' | 'bypassCache' | 'cannotClone'>;

const PLAIN: Question = { reflink: 'never', bypassCache: false, cannotClone: true };

/** Queries whose ladders together contain every strategy. The first one for a method has its most common form. */
const QUESTIONS: readonly Question[] = [
  { reflink: 'auto', bypassCache: false, cannotClone: true },
  { reflink: 'auto', bypassCache: false, cannotClone: false },
  PLAIN,
  { reflink: 'always', bypassCache: false, cannotClone: false },
  { reflink: 'never', bypassCache: true, cannotClone: true },
];

const LARGE = 1 << 30;
/** Sizes below and above every limit in a ladder. */
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

/** The method that copies all bytes of a file on a system, without clones and other options. */
export function plainMethod(system: System): Method {
  const [strategy] = system.ladder({ ...PLAIN, size: LARGE, acl: false });
  return strategy!.method;
}

/**
 * A system whose ladders contain only one method: for measuring it, not for copying. Empty files have no bytes to
 * copy, so they use the usual ladder.
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
