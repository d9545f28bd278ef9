import { isDeepStrictEqual } from 'node:util';
import type { Plugin } from 'vite';
import type { ResolvedOptions } from '../../options.ts';
import { NAME, SERVE_NAME } from './names.ts';
import { optionsFor } from './output.ts';

/** What every instance of the plugin is found by in a config, of a build or of a server; its `api` are the options. */
const NAMES: ReadonlySet<string> = new Set([NAME, SERVE_NAME]);

/**
 * The options for one environment, of all instances in a config: the first copies and serves what all of them name,
 * because an output is emptied once, and the others nothing.
 *
 * @throws {TypeError} when the instances want files to be copied in different ways
 */
export function commonOptions(
  environment: string,
  plugins: readonly Pick<Plugin, 'name' | 'api'>[],
  own: ResolvedOptions,
): ResolvedOptions | undefined {
  const instances = plugins.filter(({ name }) => NAMES.has(name)).map(({ api }) => api as ResolvedOptions);
  if (new Set(instances).size < 2) return optionsFor(environment, own);
  if (instances.some(({ engine }) => !isDeepStrictEqual(engine, own.engine)))
    throw new TypeError(`${NAME} (vite): several instances have different options of how files are copied`);
  if (instances.some(({ assets }) => !isDeepStrictEqual(assets, own.assets)))
    throw new TypeError(`${NAME} (vite): several instances have different options "assets"`);
  if (instances.some(({ dryRun }) => dryRun !== own.dryRun))
    throw new TypeError(`${NAME} (vite): several instances have different options "dryRun"`);
  if (instances[0] !== own) return undefined;
  const chosen = [...new Set(instances)].flatMap((each) => optionsFor(environment, each) ?? []);
  if (chosen.length === 0) return undefined;
  const named = chosen.flatMap(({ publicDirs = [] }) => publicDirs);
  const isVites = named.length === 0 && chosen.some(({ publicDirs }) => !publicDirs);
  return {
    ...own,
    publicDirs: isVites ? undefined : named,
    reload: chosen.some(({ reload }) => reload),
    targets: chosen.flatMap(({ targets }) => targets),
  };
}
