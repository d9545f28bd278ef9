/**
 * Empties an output directory where a bundler would have done it, but for what the copy that follows may leave
 * unchanged. Apart from `fs-reflink/host`, because few builds need it before they copy.
 *
 * @module fs-reflink/empty
 */

export { type Emptied, EmptySnapshot, emptyDirectory } from './plan/empty.ts';
