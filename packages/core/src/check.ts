/**
 * What hosts need before there is anything to copy, without the engine behind it: loading that takes 10 ms, which
 * can be done beside a bundler's own work.
 *
 * @module fs-reflink/check
 */

export { CopyError } from './errors.ts';
export { checkOptions } from './options.ts';
export { ignoresCase } from './scan/spelling.ts';
