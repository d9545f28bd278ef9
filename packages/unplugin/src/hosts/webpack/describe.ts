import type { AssetInfo } from 'webpack';
import { relativeName } from '../../targets/targets.ts';
import type { FileAsset, WebpackTarget } from './targets.ts';

/** What webpack is told about a file. `context` is the directory that the names of sources are relative to. */
export function infoOf({ name, file, given, source, info }: FileAsset, context: string): AssetInfo {
  return {
    copied: true,
    sourceFilename: relativeName(context, file.source),
    // As if it had been written by webpack; nobody looks at the file before this is asked for.
    get size() {
      return source.size();
    },
    ...(isMinimized(name, given) && { minimized: true }),
    ...info,
    ...given.info?.(name, file),
  };
}

/** Minimizers leave alone what is marked as minimized already. Scripts stay as they are unless they are given away. */
function isMinimized(name: string, { minimize }: WebpackTarget): boolean {
  return minimize === undefined ? /\.[cm]?js$/i.test(name) : !minimize;
}
