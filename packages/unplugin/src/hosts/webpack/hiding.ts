import type { Compilation } from 'webpack';
import type { FileAsset } from './listing.ts';

/**
 * The taps of webpack that read the contents of all assets, and so would read every file: one corrects the hashes in
 * names, the other fills in the names of chunks if the output is ES modules.
 */
const TAPS_THAT_READ_ALL_ASSETS: ReadonlySet<string> = new Set([
  'RealContentHashPlugin',
  'analyzableChunkNaming',
]);

/** Removes the files from the assets while webpack reads the contents of all assets. */
export function hideFromReaders(
  compilation: Pick<Compilation, 'assets' | 'hooks'>,
  filesOf: () => readonly Pick<FileAsset, 'name' | 'source'>[],
): void {
  compilation.hooks.processAssets.intercept({
    register(tap) {
      if (!TAPS_THAT_READ_ALL_ASSETS.has(tap.name) || tap.type !== 'promise') return tap;
      const { fn } = tap as unknown as { fn(assets: unknown): Promise<unknown> };
      const withoutFiles = async (assets: unknown) => {
        const files = filesOf();
        for (const { name } of files) delete compilation.assets[name];
        try {
          return await fn(assets);
        } finally {
          for (const { name, source } of files) compilation.assets[name] = source;
        }
      };
      return { ...tap, fn: withoutFiles };
    },
  });
}
