import type { Compilation } from 'webpack';
import type { FileAsset } from './listing.ts';

/**
 * The tap that fills in the names of chunks if the output is ES modules. It searches all assets, so it would read
 * every file.
 */
const READS_ALL = 'analyzableChunkNaming';

type Asset = Pick<FileAsset, 'name' | 'source'>;

/** The files, by name, that are removed from the assets while webpack searches the contents of all assets. */
export class HiddenAssets extends Map<string, Asset['source']> {
  readonly #compilation: Pick<Compilation, 'assets'>;
  readonly #files: () => readonly Asset[];

  constructor(compilation: Pick<Compilation, 'assets'>, files: () => readonly Asset[]) {
    super();
    this.#compilation = compilation;
    this.#files = files;
  }

  hide(): void {
    for (const { name, source } of this.#files()) {
      this.set(name, source);
      delete this.#compilation.assets[name];
    }
  }

  show(): void {
    for (const [name, source] of this) this.#compilation.assets[name] = source;
    this.clear();
  }
}

/** Hides files while webpack searches the assets for names of chunks. */
export function hideFromSearch({ hooks }: Compilation, files: Pick<HiddenAssets, 'hide' | 'show'>): void {
  hooks.processAssets.intercept({
    register(tap) {
      if (tap.name !== READS_ALL || tap.type !== 'promise') return tap;
      const { fn } = tap as unknown as { fn(assets: unknown): Promise<unknown> };
      const hidden = async (assets: unknown) => {
        files.hide();
        try {
          return await fn(assets);
        } finally {
          files.show();
        }
      };
      return { ...tap, fn: hidden };
    },
  });
}
