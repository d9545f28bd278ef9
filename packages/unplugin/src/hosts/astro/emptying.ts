import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import type { ResolvedOptions } from '../../options/options.ts';
import { UPDATE, unsupported } from '../../options/unsupported.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { emptyOutput, keptIn, loadEmptying } from '../../output/empty.ts';

/** The part of Vite's config that is used here. */
export interface ViteConfig {
  build?: { emptyOutDir?: boolean | null | undefined; outDir?: string | undefined } | undefined;
  environments?: Record<string, Pick<ViteConfig, 'build'>> | undefined;
}

/** The absolute paths of a project of Astro. */
export interface Project {
  root: string;
  outDir: string;
}

/** @throws {TypeError} if Astro is older than version 6, which introduced environments */
export function checkEnvironments({ environments }: ViteConfig): void {
  if (!environments?.client) throw unsupported('astro', 'Astro 5 or older', UPDATE);
}

/**
 * Empties the output of Astro, except the directory of the build for browsers: that build empties its directory
 * itself, and keeps unchanged files. Returns the changes of Vite's config that this requires.
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
    const cacheDirectory = cacheDirectoryOf(options, root);
    const keep = keptIn(outDir, [browser]);
    emptyOutput({ directory: outDir, cacheDirectory, keep, publicTargets: [], targets: [] });
  }
  if (!isInOutput) return {};
  const build = { emptyOutDir: true };
  // Astro builds the pages that it renders in a separate directory, which a failed build may have left behind.
  return { environments: { client: { build }, prerender: { build } } };
}
