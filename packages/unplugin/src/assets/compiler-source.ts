import type { sources } from 'webpack';
import type { BundledAsset } from './bundled-assets.ts';
import { sizeInStandIn } from './stand-in.ts';

type Source = sources.Source;

/** A stand-in is made larger than what a compiler would inline, and is in memory. In bytes. */
export const MAX_LIMIT = 1024 * 1024;

/** The content of a file, in the terms of webpack and Rspack: read when somebody asks for it, and kept by nobody. */
export function sourceOf(
  Source: typeof sources.Source,
  asset: BundledAsset,
  read: (asset: BundledAsset) => Uint8Array,
): Source {
  return new (class extends Source {
    override source(): Buffer {
      return read(asset) as Buffer;
    }

    override size(): number {
      return asset.size;
    }

    override updateHash(hash: Parameters<Source['updateHash']>[0]): void {
      hash.update(`unplugin-reflink ${asset.hash}`);
    }
  })();
}

/** The stand-in that is the content of an asset, if it is one. */
export function standInOf(source: Source): Buffer | undefined {
  if (source.size() > MAX_LIMIT + 1) return undefined;
  const content = source.buffer();
  return sizeInStandIn(content) === undefined ? undefined : content;
}
