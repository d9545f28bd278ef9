import type { ResolvedOptions } from '../../options/options.ts';
import type { Builder } from './write-client.ts';

/** The part of an adapter of SvelteKit that is used here. SvelteKit's types are available only with SvelteKit. */
export interface Adapter {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: SvelteKit's builder has more properties.
  adapt(builder: any): unknown;
}

/** Wraps an adapter, so that the engine copies the files for browsers into its output, and SvelteKit does not. */
export function withEngine<Given extends Adapter>(adapter: Given, options: ResolvedOptions): Given {
  return {
    ...adapter,
    async adapt(builder: Builder) {
      const { writeClient } = await import('./write-client.ts');
      const reports: Promise<void>[] = [];
      // The builder is the prototype: its functions call each other, and some getters read from the disk.
      const own: Builder = Object.create(builder);
      own.writeClient = (destination) => writeClient(builder, destination, options, reports);
      await adapter.adapt(own);
      await Promise.all(reports);
    },
  };
}
