import path from 'node:path';
import type { Compiler, JsPlugin } from '@farmfe/core';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { unsupported, useEntry } from '../../options/unsupported.ts';
import { type HostLog, namedLog } from '../../output/log.ts';
import { notCopied } from '../../output/not-copied.ts';
import { hasTargets, toTargets } from '../../targets/targets.ts';
import { GenericHost } from './host.ts';

/** Runs the plugin after all others. */
const LAST = -100_000;

/** Copies static files into the output of Farm, after Farm has written its own files. */
export function farmPlugin(options: ResolvedOptions): JsPlugin {
  let root = process.cwd();
  let empties = false;
  let compiler: Compiler | undefined;
  let host: GenericHost | undefined;
  /** Whether a development server keeps the output in memory. */
  let isServed = false;

  return {
    name: NAME,
    priority: LAST,
    configResolved({ root: given = root, compilation, ...config }) {
      // Vite calls this hook too, with its own config.
      if ('environments' in config || 'build' in config) throw unsupported('farm', 'Vite', useEntry('vite'));
      root = given;
      // Farm would also delete unchanged files.
      empties = Boolean(compilation?.output?.clean) && hasTargets(toTargets(options, { root }));
      if (empties) compilation!.output!.clean = false;
    },
    configureCompiler(given) {
      compiler = given;
      const { config = {} } = compiler.config;
      const { input, output } = config;
      const { filename, entryFilename } = output ?? {};
      host = new GenericHost(options, {
        host: 'farm',
        root,
        directory: compiler.outputPath(),
        configuration: { input, filename, entryFilename },
        owner: config,
        log: logOf(compiler),
      });
    },
    configureDevServer({ config }) {
      isServed = !config.writeToDisk;
      if (isServed && host?.hasTargets)
        logOf(compiler!).warn(notCopied(toTargets(options, { root }), root, NOT_SERVED));
    },
    buildStart: {
      async executor() {
        if (!isServed) await host?.start({ empties });
      },
    },
    finish: {
      // Farm writes its files after the last hook that it waits for. So this hook makes Farm write now, and not
      // again.
      async executor() {
        if (isServed || !compiler || !host) return;
        const built = compiler;
        const names = Object.keys(built.resources()).map((name) => name.split(/[?#]/, 1)[0]!);
        const { writeResourcesToDisk: write, callWriteResourcesHook: callOthers } = built;
        built.callWriteResourcesHook = () => {};
        write.call(built);
        built.callWriteResourcesHook = callOthers;
        built.writeResourcesToDisk = () => {
          built.writeResourcesToDisk = write;
          built.callWriteResourcesHook();
        };
        await host.written(names.map((name) => path.join(built.outputPath(), name)));
      },
    },
  };
}

/** Farm's own logger, which Farm's types do not declare. */
function logOf(compiler: object): HostLog {
  return namedLog((compiler as { logger: HostLog }).logger);
}

const NOT_SERVED = {
  reason: "Farm's development server has its output in memory",
  remedy: 'Set server.writeToDisk, or put the files into the public directory of Farm.',
};
