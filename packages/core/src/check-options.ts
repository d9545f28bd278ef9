/**
 * The checks of a copy's options alone, for hosts that read their configuration long before they copy, or never do.
 *
 * @module fs-reflink/options
 */

import type { CopyOptions } from './options.ts';
import { check, copySchema, hintForTarget, targetSchema } from './schema.ts';
import type { Target } from './target.ts';

export { toPath } from './path-or-url.ts';
export { hintFor, hintForTarget, isPath, isPromise, show } from './schema.ts';

/**
 * Checks the targets and options of a {@link copy} that is to come, without looking at any file. Returns copies of them,
 * which later changes of the given ones do not change, with the options that an object inherits. `known` are the options
 * for all targets that an error may tell the user to use instead of one of a target: by default, those of a copy.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 */
export function checkOptions(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
  known: readonly string[] = Object.keys(copySchema),
): { targets: Target[]; options: CopyOptions } {
  const hintForAll = (name: string) =>
    known.includes(name) ? `use the option "${name}", for all targets; ` : '';
  const checked = check('option', options, copySchema, '', hintForTarget);
  const list = asList(targets);
  const all = list.map((target, position) => {
    const where = list.length > 1 ? `, in target ${position + 1} of ${list.length}` : '';
    const each = check('target option', target, targetSchema, where, hintForAll);
    if (each.from === undefined) throw new TypeError(`fs-reflink: target option "from" is missing${where}`);
    return each;
  });
  return { targets: all, options: checked };
}

/** Returns a list of targets unchanged; one target as a list with one element. */
function asList(targets: Target | readonly Target[]): readonly Target[] {
  return Array.isArray(targets) ? targets : [targets as Target];
}
