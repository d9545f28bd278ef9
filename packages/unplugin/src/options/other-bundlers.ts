import type { Entry } from './unsupported.ts';

/**
 * Makes Vite, Rollup, Rolldown and Astro refuse a plugin that is made for a bundler with plugins of another shape.
 * Otherwise they would find none of their hooks in the plugin, and ignore it silently. The added hooks are not
 * enumerable, because esbuild refuses a plugin with properties that it does not know.
 */
export function refusedByOthers<Given extends object>(plugin: Given, entry: Entry): Given {
  return withHooks(refusedByAstro(plugin, entry), {
    async config() {
      const { unsupported, useEntry } = await import('./unsupported.ts');
      const remedy = `${entry === 'astro' ? 'In Astro, name it in "integrations". ' : ''}${useEntry('vite')}`;
      throw unsupported(entry, 'Vite', remedy);
    },
    async buildStart(this: { meta: { rollupVersion: string; rolldownVersion?: string } }) {
      throw (await import('./unsupported.ts')).unsupportedIn(this.meta, entry);
    },
  });
}

/** Makes Astro refuse a plugin that a config names as an integration, unless the plugin is one. */
export function refusedByAstro<Given extends object>(plugin: Given, entry: Entry): Given {
  if ('hooks' in plugin) return plugin;
  const hooks = {
    async 'astro:config:setup'() {
      const { unsupported, useEntry } = await import('./unsupported.ts');
      throw unsupported(entry, 'Astro', useEntry('astro'));
    },
  };
  return withHooks(plugin, { hooks });
}

/**
 * Makes Vite, Rollup and Rolldown refuse the function that creates the plugin, if a config has the function instead
 * of the plugin. Otherwise they would find no hooks in the function, and ignore it silently.
 */
export function refusedUncalled<Given extends object>(make: Given, entry: Entry): Given {
  const refuse = () => {
    throw notCalled(entry);
  };
  // Vite and Rollup assign a name to a plugin without one. With a function, that assignment fails.
  return withHooks(make, { name: entry, config: refuse, buildStart: refuse });
}

/** The error for `plugins: [reflink]`. */
export function notCalled(entry: string): TypeError {
  return new TypeError(
    `unplugin-reflink (${entry}): "plugins" has the function instead of the plugin that it makes; call it: plugins: [reflink()]`,
  );
}

function withHooks<Given extends object>(plugin: Given, hooks: object): Given {
  for (const [name, value] of Object.entries(hooks)) Object.defineProperty(plugin, name, { value });
  return plugin;
}
