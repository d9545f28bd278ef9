/**
 * What hosts need at once: the checks, and {@link copy} in worker threads. The rest of the engine, which takes 10 ms
 * to load on a thread that a bundler keeps busy, is loaded when a copy runs on the calling thread.
 *
 * @module fs-reflink/host
 */

export { copy } from './copy.ts';
export { asThrown, CopyError } from './errors.ts';
export { checkOptions } from './options.ts';
export { ignoresCase } from './platform/spelling.ts';
export { startWorkers, type Workers } from './start-workers.ts';
