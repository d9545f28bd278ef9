import type { sources } from 'webpack';
import { sizeInStandIn } from './stand-in.ts';

type Source = sources.Source;

/** The largest limit for inlining that is supported, in bytes: each stand-in has to be larger, and is in memory. */
export const MAX_LIMIT = 1024 * 1024;

/** The functions from which a lazy source gets what it returns. */
export interface LazyContent {
  read(): Uint8Array;
  /** In bytes. */
  size(): number;
  /** Differs for different contents: caches need to know only whether the content is the same. */
  key(): string;
}

const classes = new WeakMap<typeof sources.Source, new (content: LazyContent) => Source>();

/**
 * The content of a file as a `Source` of webpack or Rspack. It is read each time that a plugin asks for it, and is
 * not kept. It extends the `Source` of the given compiler, because plugins may check the class.
 */
export function lazySource(Source: typeof sources.Source, content: LazyContent): Source {
  const LazySource = classes.get(Source) ?? lazyClass(Source);
  classes.set(Source, LazySource);
  return new LazySource(content);
}

function lazyClass(Source: typeof sources.Source): new (content: LazyContent) => Source {
  return class extends Source {
    readonly #content: LazyContent;

    constructor(content: LazyContent) {
      super();
      this.#content = content;
    }

    override source(): Buffer {
      return this.#content.read() as Buffer;
    }

    override size(): number {
      return this.#content.size();
    }

    override updateHash(hash: Parameters<Source['updateHash']>[0]): void {
      hash.update(`unplugin-reflink ${this.#content.key()}`);
    }
  };
}

/** Returns the content of an asset if it is a stand-in. */
export function standInOf(source: Source): Buffer | undefined {
  if (source.size() > MAX_LIMIT + 1) return undefined;
  const content = source.buffer();
  return sizeInStandIn(content) === undefined ? undefined : content;
}
