import type { sources } from 'webpack';
import { sizeInStandIn } from './stand-in.ts';

type Source = sources.Source;

/** A stand-in is made larger than what a compiler would inline, and is in memory. In bytes. */
export const MAX_LIMIT = 1024 * 1024;

/** What a lazy source answers with when it is asked. */
export interface LazyContent {
  read(): Uint8Array;
  /** In bytes. */
  size(): number;
  /** Another one for another content: caches want to know whether it is the same, not what it is. */
  key(): string;
}

const classes = new WeakMap<typeof sources.Source, new (content: LazyContent) => Source>();

/**
 * The content of a file, in the terms of webpack and Rspack: read when somebody asks for it, and kept by nobody. It
 * extends the `Source` of the compiler at hand, whose plugins may look for its own classes.
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

/** The stand-in that is the content of an asset, if it is one. */
export function standInOf(source: Source): Buffer | undefined {
  if (source.size() > MAX_LIMIT + 1) return undefined;
  const content = source.buffer();
  return sizeInStandIn(content) === undefined ? undefined : content;
}
