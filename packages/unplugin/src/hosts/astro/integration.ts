import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { vitePlugins } from '../vite/plugins.ts';
import type { Project, ViteConfig } from './emptying.ts';

// biome-ignore lint/suspicious/noExplicitAny: it takes a part of a config of Astro or Vite.
type UpdateConfig = (config: any) => unknown;

/** The part of an integration of Astro that is used here. Astro's types are available only with Astro. */
export interface AstroIntegration {
  name: string;
  hooks: {
    'astro:config:setup'(given: {
      command: string;
      config: { vite: ViteConfig };
      updateConfig: UpdateConfig;
    }): void;
    'astro:config:done'(given: { config: { root: URL; outDir: URL } }): void;
    'astro:build:setup'(given: { vite: ViteConfig; updateConfig: UpdateConfig }): Promise<void>;
  };
}

/**
 * Adds the plugin for Vite, and empties the output so that Astro does not: Astro would also delete unchanged files,
 * before its first build with Vite starts.
 */
export function astroIntegration(options: ResolvedOptions): AstroIntegration {
  let empties = false;
  let project: Project;
  return {
    name: NAME,
    hooks: {
      'astro:config:setup'({ command, config, updateConfig }) {
        empties = command === 'build' && config.vite.build?.emptyOutDir !== false;
        const plugins = vitePlugins(options);
        updateConfig({ vite: { plugins, ...(empties && { build: { emptyOutDir: false } }) } });
      },
      'astro:config:done'({ config }) {
        project = { root: fileURLToPath(config.root), outDir: path.resolve(fileURLToPath(config.outDir)) };
      },
      // When Astro calls this hook, it has just decided whether to empty its output.
      async 'astro:build:setup'({ vite, updateConfig }) {
        const { checkEnvironments, emptyAround } = await import('./emptying.ts');
        checkEnvironments(vite);
        if (empties) updateConfig(await emptyAround(vite, project, options));
      },
    },
  };
}
