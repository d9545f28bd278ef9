import path from 'node:path';
import type { BuildOptions, BuildResult, OnEndResult, Plugin, PluginBuild } from 'esbuild';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { isOlder, NO_ENTRY, UPDATE, unsupported, useEntry } from '../../options/unsupported.ts';
import { BuildCopies } from '../../output/build.ts';
import { notCopied } from '../../output/not-copied.ts';
import { hasTargets, toTargets } from '../../targets/targets.ts';
import { EsbuildAssets } from './assets.ts';
import { EsbuildMessages } from './messages.ts';
import { hideMetafile, requestMetafile } from './metafile.ts';
import { isOneBuild } from './one-build.ts';
import { configurationOf, EsbuildOutput } from './output.ts';

/**
 * Copies static files after esbuild has written its own. No hook knows before that whether the build has failed, so
 * nothing can be copied earlier. Worker threads boot in the meantime.
 */
export function setUpEsbuild(build: PluginBuild, options: ResolvedOptions): void {
  const { initialOptions: given } = build;
  const isOne = isOneBuild(given);
  checkBundler(build);
  const root = path.resolve(given.absWorkingDir ?? process.cwd());
  const targets = toTargets(options, { root });
  const position = nextPosition(given);
  const copiesAssets = options.assets !== undefined && isOne && given.write !== false;
  const isFirst = isBeforeOthers(given, position);
  if (copiesAssets && !isFirst) build.onStart(() => ({ warnings: [{ text: NOT_FIRST }] }));
  const assets = copiesAssets && isFirst ? new EsbuildAssets(build, options, root) : undefined;
  if (!hasTargets(targets) && !assets) {
    build.onEnd((result) => deleteFormer(build, options, root, position, result));
    return;
  }
  const metafile = given.write === false ? undefined : requestMetafile(given);
  let output: EsbuildOutput | undefined;
  let warned = false;

  build.onStart(() => {
    metafile?.end();
    // Not earlier, because plugins that are set up later may change the directory.
    const directory = directoryOf(root, given);
    if (directory !== undefined && given.write !== false) {
      output ??= new EsbuildOutput({
        ...{ build, options, root, directory, targets, position, assets },
        listed: metafile?.isAsked ?? false,
      });
      output.start();
      assets?.start(directory);
    } else if (!warned && hasTargets(targets)) {
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
}

/** How often instances of the plugin were set up with the same options object. */
const setups = new WeakMap<BuildOptions, number>();

/** The position, in its build, of the instance that is set up now. Earlier builds may have had the same options. */
function nextPosition(options: BuildOptions): number {
  const before = setups.get(options) ?? 0;
  setups.set(options, before + 1);
  return before % Math.max(1, (options.plugins ?? []).filter(isOurs).length);
}

function isOurs({ name }: Plugin): boolean {
  return name === NAME;
}

/** Whether no other plugin comes before this one, and could read what esbuild has written while it has stand-ins. */
function isBeforeOthers({ plugins = [] }: BuildOptions, position: number): boolean {
  return plugins.slice(0, position + 1).every(isOurs);
}

const NOT_FIRST =
  'imported files are left to esbuild, because a plugin that comes before this one may read them when the build ends. Let this plugin be the first of "plugins", or leave out the option "assets"';

/** Bun and Rsbuild accept plugins of the same shape. Neither of them provides a version of esbuild. */
function checkBundler({ esbuild, context }: PluginBuild & { context?: { version?: string } }): void {
  const version = esbuild?.version;
  if (version !== undefined && !isOlder(version, '0.19')) return;
  if (version !== undefined) throw unsupported('esbuild', `esbuild ${version}`, UPDATE);
  if (context) throw unsupported('esbuild', `Rsbuild ${context.version}`, useEntry('rsbuild'));
  const { bun } = process.versions;
  if (bun) throw unsupported('esbuild', `Bun ${bun}`, useEntry('bun'));
  throw unsupported('esbuild', 'another bundler', NO_ENTRY);
}

/** Deletes what earlier builds copied, for options that name nothing any more. */
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
  if (errors.length > 0 || directory === undefined || given.write === false) return {};
  try {
    const copies = new BuildCopies({ host: 'esbuild', options, log: messages, root });
    await copies.deleteLeftOver(directory, configurationOf(given, position));
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

/** The absolute path of the output directory. Undefined if the options name none. */
function directoryOf(root: string, { outdir, outfile }: BuildOptions): string | undefined {
  if (outdir) return path.resolve(root, outdir);
  return outfile ? path.dirname(path.resolve(root, outfile)) : undefined;
}
