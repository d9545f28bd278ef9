import fs from 'node:fs';
import path from 'node:path';
import type { UnpluginOptions } from 'unplugin';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { linkStatsOf, versionOf } from '../../targets/stats.ts';
import { GenericHost, stderrLog } from './host.ts';

/** The native build context that unplugin provides, in the shapes that today's bundlers give it. */
interface NativeContext {
  build?: { config?: Output };
  compiler?: Output;
  config?: Output;
}

interface Output {
  root?: string;
  outdir?: string;
  outputPath?: string;
  output?: { path?: string };
}

/** The plugin for a bundler that unplugin supports and that has no host here. Uses hooks that all bundlers have. */
export function anyPlugin(options: ResolvedOptions, framework: string): UnpluginOptions {
  let output = '';
  let before = new Map<string, string>();
  let host: GenericHost | undefined;
  return {
    name: NAME,
    async buildStart() {
      const native = (this.getNativeBuildContext?.() ?? {}) as NativeContext;
      const { root, directory, owner } = placeOf(native, framework);
      output = directory;
      before = filesIn(directory);
      host = new GenericHost(options, {
        host: framework,
        root,
        directory,
        configuration: {},
        owner,
        log: stderrLog,
      });
      await host.start();
    },
    async writeBundle() {
      const written = [...filesIn(output)].filter(([file, state]) => before.get(file) !== state);
      await host?.written(written.map(([file]) => file));
    },
  };
}

function placeOf({ build, compiler, config }: NativeContext, framework: string) {
  for (const each of [build?.config, compiler, config]) {
    const directory = each?.outdir ?? each?.outputPath ?? each?.output?.path;
    const root = path.resolve(each?.root ?? '.');
    if (typeof directory === 'string')
      return { root, directory: path.resolve(root, directory), owner: each! };
  }
  throw new TypeError(
    `unplugin-reflink does not know where ${framework} writes its output to: unplugin's native build context has none of "outdir", "outputPath" and "output.path". Copy after the build, with copy() of the package fs-reflink.`,
  );
}

/** The files of an output and their states. Only a changed state tells that the bundler has written a file. */
function filesIn(directory: string): Map<string, string> {
  if (!fs.existsSync(directory)) return new Map();
  const files = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return new Map(files.flatMap((name) => stateOf(path.join(directory, name))));
}

function stateOf(file: string): [string, string][] {
  const stats = linkStatsOf(file);
  return stats && !stats.isDirectory() ? [[file, versionOf(stats)]] : [];
}
