import { join } from 'node:path';
import * as rolldown from 'rolldown';
import * as rollup from 'rollup';
import type { Options } from 'unplugin-reflink';
import rolldownReflink from 'unplugin-reflink/rolldown';
import rollupReflink from 'unplugin-reflink/rollup';
import { describe } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome } from '../hosts/project.ts';

/** Rollup's types are used for Rolldown too, which has the same interface for everything that is used here. */
export interface Bundler extends Host {
  plugin(options?: Options): rollup.Plugin;
  bundler: Pick<typeof rollup, 'rollup' | 'watch'>;
}

/** The messages that were logged, by level. */
export type Log = Pick<HostOutcome, 'warnings' | 'log'>;

export function logInto({ warnings, log }: Log): rollup.LogHandlerWithDefault {
  return (level, { code, message }) => {
    // Rolldown warns of slow plugins, which depends on the machine.
    if (code === 'PLUGIN_TIMINGS') return;
    (level === 'warn' ? warnings : log).push(message);
  };
}

function adapter(
  name: string,
  bundler: Bundler['bundler'],
  reflink: (options?: Options) => rollup.Plugin,
): Bundler {
  return {
    name,
    id: name.toLowerCase(),
    bundler,
    plugin: reflink,
    create: reflink,
    async build({ root, options, entry = 'main.js' }) {
      const outcome: HostOutcome = { outDir: join(root, 'dist'), warnings: [], errors: [], log: [] };
      await inDirectory(root, async () => {
        try {
          const onLog = logInto(outcome);
          const input = { input: join(root, entry), plugins: [reflink(options)], onLog };
          const bundle = await bundler.rollup(input);
          try {
            await bundle.write({ dir: 'dist', entryFileNames: BUNDLE });
          } finally {
            await bundle.close();
          }
        } catch (error) {
          outcome.errors.push(String((error as Error).message));
        }
      });
      return outcome;
    },
  };
}

/** Changes the working directory for a call, because both bundlers treat it as the project. */
export async function inDirectory<T>(directory: string, act: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return await act();
  } finally {
    process.chdir(before);
  }
}

const rolldownAsRollup = {
  rollup: rolldown.rolldown,
  watch: rolldown.watch,
} as unknown as Bundler['bundler'];

export const bundlers: Bundler[] = [
  adapter('Rollup', rollup, rollupReflink),
  adapter('Rolldown', rolldownAsRollup, rolldownReflink as unknown as Bundler['plugin']),
];

/** Describes what has to hold with both bundlers. */
export function describeBundlers(body: (host: Bundler) => void): void {
  describe.each(bundlers)('$name', body);
}
