import path from 'node:path';
import type { Plugin, PluginOption, UserConfig } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { statsOf } from '../../targets/stats.ts';
import { PUBLIC_NAME } from './names.ts';

/** The absolute path of the directory that an instance gives Vite. Undefined if another instance or none does. */
export function publicDirOf(
  { root = process.cwd(), plugins }: Pick<UserConfig, 'root' | 'plugins'>,
  options: ResolvedOptions,
): string | undefined {
  const first = instancesIn(plugins).find((each) => directoryOf(each, root));
  return first && first !== options ? undefined : directoryOf(options, root);
}

function directoryOf({ publicDirs = [] }: ResolvedOptions, root: string): string | undefined {
  const first = publicDirs.find(({ to = '.' }) => path.normalize(`${to}/`) === `.${path.sep}`);
  const directory = first && path.resolve(root, first.dir);
  // If the public directory is missing, Vite's watcher ends.
  return directory && statsOf(directory)?.isDirectory() ? directory : undefined;
}

/** Finds the instances in the plugins of a config, also in nested arrays. Promises and falsy values are skipped. */
function instancesIn(plugins: PluginOption): ResolvedOptions[] {
  if (Array.isArray(plugins)) return plugins.flatMap(instancesIn);
  const isOurs = plugins && 'name' in plugins && plugins.name === PUBLIC_NAME;
  return isOurs ? [(plugins as Plugin).api as ResolvedOptions] : [];
}
