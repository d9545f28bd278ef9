import path from 'node:path';
import type { Plugin, PluginOption, UserConfig } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { statsOf } from '../../targets/stats.ts';
import { PUBLIC_NAME } from './names.ts';

/** The public directory that the options of an instance give Vite: absolute path; undefined if it is another's to give. */
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
  // One that is missing ends Vite's watcher.
  return directory && statsOf(directory)?.isDirectory() ? directory : undefined;
}

/** Of plugins as the config has them: some may be conditions, lists or promises. */
function instancesIn(plugins: PluginOption): ResolvedOptions[] {
  if (Array.isArray(plugins)) return plugins.flatMap(instancesIn);
  const isOurs = plugins && 'name' in plugins && plugins.name === PUBLIC_NAME;
  return isOurs ? [(plugins as Plugin).api as ResolvedOptions] : [];
}
