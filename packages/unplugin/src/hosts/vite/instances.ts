import { isDeepStrictEqual } from 'node:util';
import type { Plugin } from 'vite';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { SERVE_NAME } from './names.ts';
import { optionsFor } from './output.ts';

/** The names by which the instances in a config are found. The `api` of such a plugin is the instance's options. */
const NAMES: ReadonlySet<string> = new Set([NAME, SERVE_NAME]);

/** All instances copy together, so they need the same options for how files are copied. Throws if they differ. */
function refuseDifferent(instances: readonly ResolvedOptions[], own: ResolvedOptions): void {
  const settingsOf = ({ engine, assets, dryRun }: ResolvedOptions) => ({ ...engine, assets, dryRun });
  const all = instances.map(settingsOf) as Record<string, unknown>[];
  const ours = settingsOf(own) as Record<string, unknown>;
  const names = new Set([ours, ...all].flatMap(Object.keys));
  const different = [...names].filter((name) =>
    all.some((each) => !isDeepStrictEqual(each[name], ours[name])),
  );
  if (different.length === 0) return;
  const list = different
    .toSorted()
    .map((name) => JSON.stringify(name))
    .join(', ');
  throw new TypeError(
    `${NAME} (vite): several instances have different options ${list}; give all of them the same, because they copy together`,
  );
}

/**
 * The options for one environment, merged from all instances in a config. The first instance copies and serves what
 * all of them name, because an output is emptied only once. For the other instances this returns undefined.
 *
 * @throws {TypeError} if the instances have different options for how files are copied
 */
export function commonOptions(
  environment: string,
  plugins: readonly Pick<Plugin, 'name' | 'api'>[],
  own: ResolvedOptions,
): ResolvedOptions | undefined {
  const instances = plugins.filter(({ name }) => NAMES.has(name)).map(({ api }) => api as ResolvedOptions);
  if (new Set(instances).size < 2) return optionsFor(environment, own);
  refuseDifferent(instances, own);
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
