import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import type { ResolvedOptions } from '../../options/options.ts';
import { UPDATE, unsupported } from '../../options/unsupported.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { emptyOutput, loadEmptying } from '../../output/empty.ts';

/** What of Vite's config is used here. */
export interface ViteConfig {
  build?: { emptyOutDir?: boolean | null | undefined; outDir?: string | undefined } | undefined;
  environments?: Record<string, Pick<ViteConfig, 'build'>> | undefined;
}

/** Absolute paths of a project of Astro. */
export interface Project {
  root: string;
  outDir: string;
}

/** @throws {TypeError} where Astro is older than what the integration is made for, which has no environments */
export function checkEnvironments({ environments }: ViteConfig): void {
  if (!environments?.client) throw unsupported('astro', 'Astro 5 or older', UPDATE);
}

/**
 * Empties the output of Astro, but for what the build for the browser writes to: that one empties its directory itself,
 * and leaves what is unchanged. Returns what of Vite's config has to be changed for it.
 */
export async function emptyAround(
  { environments = {} }: ViteConfig,
  { root, outDir }: Project,
  options: ResolvedOptions,
): Promise<ViteConfig> {
  const browser = path.resolve(root, environments.client!.build!.outDir!);
  const isInOutput = isInside(outDir, browser);
  if (browser !== outDir) {
    await loadEmptying();
    const kept = isInOutput ? ['.git', path.relative(outDir, browser)] : ['.git'];
    const cacheDirectory = cacheDirectoryOf(options, root);
    emptyOutput({ directory: outDir, cacheDirectory, keep: kept, publicTargets: [], targets: [] });
  }
  if (!isInOutput) return {};
  const build = { emptyOutDir: true };
  // Pages that Astro renders are built in a directory of their own, which a build that failed may have left.
  return { environments: { client: { build }, prerender: { build } } };
}
