import type { Compilation } from 'webpack';
import type { FileAsset } from './listing.ts';

/** In modules, what fills in the names of chunks looks for them in all assets, and would read every file. */
const READS_ALL = 'analyzableChunkNaming';

type Asset = Pick<FileAsset, 'name' | 'source'>;

/** Files, by name, that are no assets for as long as webpack looks through the contents of all assets. */
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

/** Hides files while webpack looks for the names of chunks. */
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
