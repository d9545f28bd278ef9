/**
 * The checks of a copy's options alone, for hosts that read their configuration long before they copy, or never do.
 *
 * @module fs-reflink/options
 */

import type { CopyOptions } from './options.ts';
import { check, copySchema, targetSchema } from './schema.ts';
import type { Target } from './target.ts';

export { toPath } from './path-or-url.ts';
export { hintFor, isPath, isPromise, show } from './schema.ts';

/**
 * Checks the targets and options of a {@link copy} that is to come, without looking at any file.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 */
export function checkOptions(targets: Target | readonly Target[], options: CopyOptions = {}): void {
  check('option', options, copySchema);
  const list = asList(targets);
  for (const [position, target] of list.entries()) {
    const where = list.length > 1 ? `, in target ${position + 1} of ${list.length}` : '';
    check('target option', target, targetSchema, where);
    if (target.from === undefined) throw new TypeError(`fs-reflink: target option "from" is missing${where}`);
  }
}

/** Returns a list of targets unchanged; one target as a list with one element. */
export function asList(targets: Target | readonly Target[]): readonly Target[] {
  return Array.isArray(targets) ? targets : [targets as Target];
}
