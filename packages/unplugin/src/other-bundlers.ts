import type { Entry } from './unsupported.ts';

/**
 * Has Vite, Rollup and Rolldown refuse a plugin that is made for a bundler with plugins of another shape: they would find
 * none of their hooks in it, and ignore it without a word. esbuild refuses a plugin with properties that it does not know,
 * so these are not enumerable.
 */
export function refusedByOthers<Given extends object>(plugin: Given, entry: Entry): Given {
  const hooks = {
    async config() {
      const { unsupported, useEntry } = await import('./unsupported.ts');
      throw unsupported(entry, 'Vite', useEntry('vite'));
    },
    async buildStart(this: { meta: { rollupVersion: string; rolldownVersion?: string } }) {
      const { unsupported, useEntry } = await import('./unsupported.ts');
      const { rollupVersion, rolldownVersion } = this.meta;
      if (rolldownVersion) throw unsupported(entry, `Rolldown ${rolldownVersion}`, useEntry('rolldown'));
      throw unsupported(entry, `Rollup ${rollupVersion}`, useEntry('rollup'));
    },
  };
  for (const [name, value] of Object.entries(hooks)) Object.defineProperty(plugin, name, { value });
  return plugin;
}
