import type { ResolvedTarget, Target } from './target.ts';

/** Whether a target has functions of the user, which only the calling thread can call. */
export function callsFunctions({
  rename,
  filter,
  directoryFilter,
  transform,
}: Target | ResolvedTarget): boolean {
  return typeof rename === 'function' || Boolean(filter || directoryFilter || transform);
}
