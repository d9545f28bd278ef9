import { join } from 'node:path';
import type * as esbuild from 'esbuild';
import reflink from 'unplugin-reflink/esbuild';
import { vi } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome } from '../hosts/project.ts';
import { loadVersions } from '../hosts/versions.ts';

export type Esbuild = typeof esbuild;

export interface Bundler extends Host {
  /** The name by which it is imported. */
  package: string;
  esbuild: Esbuild;
}

/** Options of a build of a project of the table of cases, with one entry and one file. */
export function buildOptions(
  root: string,
  plugins: esbuild.Plugin[] = [],
  entry = 'main.js',
): esbuild.BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: BUNDLE.replace('.js', '') }],
    bundle: true,
    outdir: 'dist',
    logLevel: 'silent',
    plugins,
  };
}

/** Makes the plugin log what it would log under a log level, while esbuild itself is silent. */
export const talkative: esbuild.Plugin = {
  name: 'talkative',
  setup({ initialOptions, onStart }) {
    onStart(() => {
      initialOptions.logLevel = 'info';
    });
  },
};

/** Collects what this process writes to stderr. */
export function collectStderr(): { lines: () => string[]; restore: () => void } {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  return {
    // A message may have several lines.
    lines: () => written.map((each) => each.replace(/\n$/, '')),
    restore: () => spy.mockRestore(),
  };
}

async function adapter(name: string, id: string): Promise<Bundler> {
  const bundler = (await import(id)) as Esbuild;
  return {
    name,
    id: 'esbuild',
    package: id,
    esbuild: bundler,
    create: reflink,
    async build({ root, options, entry }) {
      const outcome: HostOutcome = { outDir: join(root, 'dist'), warnings: [], errors: [], log: [] };
      const stderr = collectStderr();
      try {
        const plugins = [reflink(options), talkative];
        const { warnings } = await bundler.build(buildOptions(root, plugins, entry));
        outcome.warnings.push(...warnings.map(({ text }) => text));
      } catch (error) {
        const { errors, warnings } = error as esbuild.BuildFailure;
        outcome.errors.push(...errors.map(({ text }) => text));
        outcome.warnings.push(...warnings.map(({ text }) => text));
      } finally {
        stderr.restore();
      }
      outcome.log.push(...stderr.lines());
      return outcome;
    },
  };
}

const versions = await loadVersions({
  'esbuild 0.28': (name) => adapter(name, 'esbuild'),
  'esbuild 0.19.0': (name) => adapter(name, 'esbuild19'),
});

export const bundlers: Bundler[] = versions.tested;

/** Describes what has to hold with the current version and the oldest supported. */
export function describeEsbuilds(body: (host: Bundler) => void): void {
  versions.describe(body);
}
