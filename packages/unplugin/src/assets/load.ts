import type { ResolvedOptions } from '../options/options.ts';
import type { BundledAssets } from './bundled-assets.ts';

/** The assets of a build, where the options ask for any. What they need is loaded then. */
export async function assetsOfBuild(
  { assets }: Pick<ResolvedOptions, 'assets'>,
  root: string,
  cacheDirectory: string,
): Promise<BundledAssets | undefined> {
  if (!assets) return undefined;
  const { BundledAssets } = await import('./bundled-assets.ts');
  return new BundledAssets(assets, root, cacheDirectory);
}
