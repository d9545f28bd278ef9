/**
 * Takes over Vite's public directory.
 *
 * @module
 * @example
 * ```ts
 * // vite.config.ts
 * import reflink from 'unplugin-reflink/vite';
 *
 * export default { plugins: [reflink()] };
 * ```
 */
import type { Plugin } from 'vite';
import type { Options } from './options.ts';
import { reflink } from './unplugin.ts';

const vite: (options?: Options) => Plugin[] = reflink.vite as (options?: Options) => Plugin[];

export default vite;
// For require(): the function itself.
export { vite as 'module.exports' };
