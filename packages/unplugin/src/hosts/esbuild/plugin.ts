import path from 'node:path';
import type { BuildOptions, BuildResult, OnEndResult, Plugin, PluginBuild } from 'esbuild';
import type { ResolvedOptions } from '../../options/options.ts';
import { isOlder, NO_ENTRY, UPDATE, unsupported, useEntry } from '../../options/unsupported.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { deleteLeftOver } from '../../output/left-over.ts';
import { notCopied } from '../../output/not-copied.ts';
import { toTargets } from '../../targets/targets.ts';
import { EsbuildAssets } from './assets.ts';
import { EsbuildMessages } from './messages.ts';
import { hideMetafile, requestMetafile } from './metafile.ts';
import { isOneBuild } from './one-build.ts';
import { EsbuildOutput, instanceOf } from './output.ts';

/**
 * Copies static files when esbuild has written its own. It writes them before any hook knows that the build has
 * not failed, so nothing can be copied earlier; worker threads boot meanwhile.
 */
export function esbuildPlugin(options: ResolvedOptions): Plugin {
  return {
    name: 'unplugin-reflink',
    setup(build) {
      const { initialOptions: given } = build;
      const isOne = isOneBuild(given);
      checkBundler(build);
      const root = path.resolve(given.absWorkingDir ?? process.cwd());
      const targets = toTargets(options, { root });
      const position = nextPosition(given);
      const hasTargets = targets.publicTargets.length + targets.targets.length > 0;
      const copiesAssets = options.assets !== undefined && isOne && given.write !== false;
      const isFirst = isBeforeOthers(given, position);
      if (copiesAssets && !isFirst) build.onStart(() => ({ warnings: [{ text: NOT_FIRST }] }));
      const assets = copiesAssets && isFirst ? new EsbuildAssets(build, options, root) : undefined;
      if (!hasTargets && !assets) {
        build.onEnd((result) => deleteFormer(build, options, root, position, result));
        return;
      }
      const metafile = given.write === false ? undefined : requestMetafile(given);
      let output: EsbuildOutput | undefined;
      let warned = false;

      build.onStart(() => {
        metafile?.end();
        // Not before: plugins that are set up later may change it.
        const directory = directoryOf(root, given);
        if (directory !== undefined && given.write !== false) {
          output ??= new EsbuildOutput({
            ...{ build, options, root, directory, targets, position, assets },
            listed: metafile?.isAsked ?? false,
          });
          output.start();
          assets?.start(directory);
        } else if (!warned && hasTargets) {
          warned = true;
          return {
            warnings: [{ text: notCopied(targets, root, given.write === false ? NOT_WRITTEN : NO_OUTPUT) }],
          };
        }
        return undefined;
      });
      build.onEnd(async (result) => {
        const ended = await output?.end(result);
        if (metafile && !metafile.isAsked) hideMetafile(result);
        return ended;
      });
      build.onDispose(() => {
        metafile?.end();
        void output?.dispose();
      });
    },
  };
}

/** How often an instance of the plugin was set up, for builds with the same options. */
const setups = new WeakMap<BuildOptions, number>();

/** Which of the instances of the plugin in its build the one that is set up now is. The options may be those of earlier builds, too. */
function nextPosition(options: BuildOptions): number {
  const before = setups.get(options) ?? 0;
  setups.set(options, before + 1);
  return before % Math.max(1, (options.plugins ?? []).filter(isOurs).length);
}

function isOurs({ name }: Plugin): boolean {
  return name === 'unplugin-reflink';
}

/** Whether nothing in the list comes before the plugin that may look at what esbuild has written before it is complete. */
function isBeforeOthers({ plugins = [] }: BuildOptions, position: number): boolean {
  return plugins.slice(0, position + 1).every(isOurs);
}

const NOT_FIRST =
  'imported files are left to esbuild, because a plugin that comes before this one may read them when the build ends. Let this plugin be the first of "plugins", or leave out the option "assets"';

/** Others have plugins of the same shape: Bun, and Rsbuild. Neither tells the version of an esbuild. */
function checkBundler({ esbuild, context }: PluginBuild & { context?: { version?: string } }): void {
  const version = esbuild?.version;
  if (version !== undefined && !isOlder(version, '0.19')) return;
  if (version !== undefined) throw unsupported('esbuild', `esbuild ${version}`, UPDATE);
  if (context) throw unsupported('esbuild', `Rsbuild ${context.version}`, useEntry('rsbuild'));
  const { bun } = process.versions;
  if (bun) throw unsupported('esbuild', `Bun ${bun}`, useEntry('bun'));
  throw unsupported('esbuild', 'another bundler', NO_ENTRY);
}

/** Deletes what was copied while the options named something. */
async function deleteFormer(
  build: PluginBuild,
  options: ResolvedOptions,
  root: string,
  position: number,
  { errors }: BuildResult,
): Promise<OnEndResult> {
  const given = build.initialOptions;
  const directory = directoryOf(root, given);
  const messages = new EsbuildMessages(build);
  if (errors.length > 0 || directory === undefined || given.write === false) return messages.result;
  try {
    const output = { cacheDirectory: cacheDirectoryOf(options, root), directory, root };
    await deleteLeftOver({ instance: instanceOf(given, position), ...output }, options, messages);
  } catch (error) {
    messages.fail(error);
  }
  return messages.deliver();
}

const NOT_WRITTEN = {
  reason: 'esbuild does not write its output here ("write" is false), as in tsup, which writes it itself',
  remedy:
    'Copy after the build: in tsup with "publicDir", or with fs-reflink in "onSuccess"; elsewhere with copy() of fs-reflink.',
};

const NO_OUTPUT = {
  reason: 'neither "outdir" nor "outfile" is set',
  remedy: 'Set one of them.',
};

/** Where the bundle is written; undefined: to no directory. */
function directoryOf(root: string, { outdir, outfile }: BuildOptions): string | undefined {
  if (outdir) return path.resolve(root, outdir);
  return outfile ? path.dirname(path.resolve(root, outfile)) : undefined;
}
