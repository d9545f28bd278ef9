import type { ListedFile } from 'fs-reflink/list';
import type { AssetInfo, sources } from 'webpack';
import { relativeName } from '../../targets.ts';
import type { FileAsset, ListingContext, WebpackTarget } from './targets.ts';

export function describe(
  name: string,
  file: ListedFile,
  given: WebpackTarget,
  { compilation, watch }: ListingContext,
): FileAsset {
  const { context, webpack } = compilation.compiler;
  const named = given.named?.get(file.source);
  const source =
    named?.source ?? (file.link ? new webpack.sources.RawSource('') : watch.sourceOf(file.source));
  const asset = { name, file, source, given };
  return { ...asset, info: infoOf(asset, relativeName(context, file.source), named?.info) };
}

/** The same asset, of a target without templates, with what the file holds now. */
export function withSource(asset: FileAsset, source: sources.Source): FileAsset {
  if (source === asset.source) return asset;
  const changed = { ...asset, source };
  return { ...changed, info: infoOf(changed, asset.info.sourceFilename!) };
}

function infoOf(
  { name, file, given, source }: Omit<FileAsset, 'info'>,
  sourceFilename: string,
  info?: AssetInfo,
): AssetInfo {
  return {
    copied: true,
    sourceFilename,
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
