import type { ResolvedOptions } from '../../options/options.ts';
import type { Builder } from './write-client.ts';

/** What of an adapter of SvelteKit is used here: its types come with SvelteKit alone. */
export interface Adapter {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: SvelteKit's builder has more.
  adapt(builder: any): unknown;
}

/** The adapter, but the engine copies the files for browsers into its output, and no loop of SvelteKit's. */
export function withEngine<Given extends Adapter>(adapter: Given, options: ResolvedOptions): Given {
  return {
    ...adapter,
    async adapt(builder: Builder) {
      const { writeClient } = await import('./write-client.ts');
      // Its functions call each other, and some properties are read from the disk when they are asked for.
      const own: Builder = Object.create(builder);
      own.writeClient = (destination) => writeClient(builder, destination, options);
      await adapter.adapt(own);
    },
  };
}
