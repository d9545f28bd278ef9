/**
 * Wraps an adapter of SvelteKit: the copy engine copies the files for browsers into the adapter's output.
 *
 * @module
 * @example
 * ```ts
 * // vite.config.ts
 * import adapter from '@sveltejs/adapter-node';
 * import { sveltekit } from '@sveltejs/kit/vite';
 * import reflink from 'unplugin-reflink/vite';
 * import withReflink from 'unplugin-reflink/sveltekit';
 *
 * export default { plugins: [sveltekit({ adapter: withReflink(adapter()) }), reflink()] };
 * ```
 */
import { type Adapter, withEngine } from './hosts/sveltekit/adapter.ts';
import type { Options } from './options/options.ts';
import { resolveOptions } from './options/resolve-options.ts';
import { useEntryIn } from './options/unsupported.ts';

/** Options for how the engine copies files, and for what it reports. */
export type AdapterOptions = Pick<
  Options,
  'reflink' | 'atomic' | 'preserve' | 'durability' | 'pageCache' | 'report'
>;

const sveltekit = <Given extends Adapter>(adapter: Given, options?: AdapterOptions): Given => {
  if (typeof adapter?.adapt !== 'function')
    throw new TypeError(
      `unplugin-reflink/sveltekit takes an adapter of SvelteKit, as in withReflink(adapter()), and got ${typeof adapter === 'object' ? 'an object without "adapt"' : typeof adapter}. ${useEntryIn('Vite', 'vite')}.`,
    );
  return withEngine(adapter, resolveOptions(options, 'sveltekit'));
};

export default sveltekit;
// `require()` returns the function itself.
export { sveltekit as 'module.exports' };
