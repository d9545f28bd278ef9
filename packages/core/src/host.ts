/**
 * What a host needs when a build starts: {@link prepareCopies} loads the rest of the engine later, only if a copy is
 * certain, and on the thread that needs it. What the documentation does not name is for `unplugin-reflink` alone.
 *
 * @module fs-reflink/host
 */

export { asThrown, CopyError } from './errors.ts';
export { isInside } from './inside.ts';
export { ignoresCase } from './platform/spelling.ts';
export { fixedPart, type PreparedCopies, type PrepareOptions, prepareCopies } from './prepare.ts';
export { bytesOf } from './target.ts';
