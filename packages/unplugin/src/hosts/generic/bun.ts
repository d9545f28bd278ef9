import path from 'node:path';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { isOlder, UPDATE, unsupported, useEntryIn } from '../../options/unsupported.ts';
import { GenericHost, stderrLog } from './host.ts';

/** The part of a build of Bun that is used here. Bun's types are available only with Bun. */
export interface BunBuild {
  config: {
    entrypoints: readonly string[];
    outdir?: string;
    naming?: unknown;
    format?: string;
    target?: string;
  };
  onStart(callback: () => unknown): unknown;
  onEnd(callback: (result: { success: boolean; outputs: readonly { path: string }[] }) => unknown): unknown;
}

/** A plugin of `Bun.build`. */
export interface BunPlugin {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: Bun's own type has more properties, and is available only with Bun.
  setup(build: any): void;
}

/** Copies static files into the output of Bun's bundler, after the bundler has written its own files. */
export function bunPlugin(options: ResolvedOptions): BunPlugin {
  return {
    name: NAME,
    setup(build: BunBuild) {
      const { bun } = process.versions;
      if (bun === undefined) throw unsupported('bun', 'another bundler', useEntryIn('esbuild', 'esbuild'));
      if (isOlder(bun, '1.3')) throw unsupported('bun', `Bun ${bun}`, UPDATE);
      const { config } = build;
      const { entrypoints, outdir, naming, format, target } = config;
      const root = process.cwd();
      const host = new GenericHost(options, {
        host: 'bun',
        root,
        directory: outdir === undefined ? undefined : path.resolve(root, outdir),
        configuration: { entrypoints, naming, format, target },
        owner: config,
        log: stderrLog,
      });
      build.onStart(() => host.start());
      build.onEnd(({ success, outputs }) =>
        success ? host.written(outputs.map((each) => path.resolve(root, each.path))) : host.end(),
      );
    },
  };
}
