import type { ResolvedOptions } from '../options/options.ts';
import type { BundledAssets } from './bundled-assets.ts';

/** The imported files of a build that the engine copies. Without the option, undefined, and nothing is loaded. */
export async function assetsOfBuild(
  { assets }: Pick<ResolvedOptions, 'assets'>,
  root: string,
  cacheDirectory: string,
): Promise<BundledAssets | undefined> {
  if (!assets) return undefined;
  const { BundledAssets } = await import('./bundled-assets.ts');
  return new BundledAssets(assets, root, cacheDirectory);
}
