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
 * Checks the targets and options of a {@link copy} that is to come, without looking at any file. Returns copies of them,
 * which later changes of the given ones do not change, with the options that an object inherits.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 */
export function checkOptions(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): { targets: Target[]; options: CopyOptions } {
  const checked = check('option', options, copySchema);
  const list = asList(targets);
  const all = list.map((target, position) => {
    const where = list.length > 1 ? `, in target ${position + 1} of ${list.length}` : '';
    const each = check('target option', target, targetSchema, where);
    if (each.from === undefined) throw new TypeError(`fs-reflink: target option "from" is missing${where}`);
    return each;
  });
  return { targets: all, options: checked };
}

/** Returns a list of targets unchanged; one target as a list with one element. */
function asList(targets: Target | readonly Target[]): readonly Target[] {
  return Array.isArray(targets) ? targets : [targets as Target];
}
