/**
 * Empties an output directory in place of the bundler, except for the files that the next copy may leave unchanged.
 * This is separate from `fs-reflink/host`, because few builds need it before they copy.
 *
 * @module fs-reflink/empty
 */

export { type Emptied, EmptySnapshot, emptyDirectory } from './plan/empty.ts';
