import type { Compilation } from 'webpack';

/** In modules, what fills in the names of chunks looks for them in all assets, and would read every file. */
const READS_ALL = 'analyzableChunkNaming';

/** Files whose contents nobody but webpack wants to see at the moment. */
export interface Hidden {
  hide(): void;
  show(): void;
}

/** The files are no assets of a compilation while webpack looks through all of them. */
export function hideFromSearch({ hooks }: Compilation, files: () => Hidden | undefined): void {
  hooks.processAssets.intercept({
    register(tap) {
      if (tap.name !== READS_ALL || tap.type !== 'promise') return tap;
      const { fn } = tap as unknown as { fn(assets: unknown): Promise<unknown> };
      const hidden = async (assets: unknown) => {
        files()?.hide();
        try {
          return await fn(assets);
        } finally {
          files()?.show();
        }
      };
      return { ...tap, fn: hidden };
    },
  });
}
