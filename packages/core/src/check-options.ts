/**
 * The checks of a copy's options alone, for hosts that read their configuration long before they copy, or never do.
 *
 * @module fs-reflink/options
 */

import type { CopyOptions } from './options.ts';
import { check, copySchema, hintForTarget, show, targetSchema } from './schema.ts';
import type { Target } from './target.ts';

export { toPath } from './path-or-url.ts';
export { hintFor, hintForTarget, isPath, isPromise, listOf, show } from './schema.ts';

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
  const list = asList(targets);
  const checked = check('option', options, copySchema, '', hintForTarget);
  const all = list.map((target, position) => {
    const where = list.length > 1 ? `, in target ${position + 1} of ${list.length}` : '';
    const each = check('target option', target, targetSchema, where, hintForAll);
    if (each.from === undefined) throw new TypeError(`fs-reflink: target option "from" is missing${where}`);
    return each;
  });
  return { targets: all, options: checked };
}

/** Returns the targets of a list, also its holes; one target as a list with one element. */
function asList(targets: Target | readonly Target[]): readonly Target[] {
  if (Array.isArray(targets)) return Array.from(targets);
  const given: object = Object(targets);
  if (given !== targets || Symbol.iterator in given || Symbol.asyncIterator in given)
    throw new TypeError(
      `fs-reflink: a target must be an object such as { from: 'public', to: 'dist' }, or an array of them, got ${show(targets)}`,
    );
  return [targets as Target];
}
