/**
 * What a host needs when it reads its configuration and when a build begins: the checks of the options, and
 * {@link prepareCopies}, which loads the rest of the engine when a copy is certain, on the thread that needs it.
 *
 * @module fs-reflink/host
 */

export { asThrown, CopyError } from './errors.ts';
export { checkOptions } from './options.ts';
export { ignoresCase } from './platform/spelling.ts';
export { type PreparedCopies, type PrepareOptions, prepareCopies } from './prepare.ts';
