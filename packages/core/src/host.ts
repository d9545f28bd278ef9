/**
 * What a host needs when a build begins: {@link prepareCopies}, which loads the rest of the engine when a copy is certain,
 * on the thread that needs it.
 *
 * @module fs-reflink/host
 */

export { asThrown, CopyError } from './errors.ts';
export { isInside } from './inside.ts';
export { ignoresCase } from './platform/spelling.ts';
export { type PreparedCopies, type PrepareOptions, prepareCopies } from './prepare.ts';
