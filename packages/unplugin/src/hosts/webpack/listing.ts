import path from 'node:path';
import type { ResolvedOptions } from '../../options/options.ts';
import { allowedRoots, relativeName } from '../../targets/targets.ts';
import { nameFiles } from './name.ts';
import {
  engineTargets,
  type FileAsset,
  isPlain,
  type Listing,
  type ListingContext,
  type WebpackTarget,
} from './targets.ts';

/** Finds the files of all targets, and names those that have names of webpack's. */
export async function listFiles(
  given: readonly WebpackTarget[],
  { engine: { symlinks = 'follow', allowMissing = false } }: ResolvedOptions,
  context: ListingContext,
): Promise<Listing> {
  const { compilation, directory, watch } = context;
  const { list } = await import('fs-reflink/list');
  const { context: root, webpack } = compilation.compiler;
  const settings = { cwd: directory, allowedRoots: allowedRoots(root, directory), symlinks };
  const warnings: string[] = [];
  const silent: string[] = [];
  const targets: WebpackTarget[] = [];
  const seen = new Set<string>();
  for (const each of given) {
    const { target, pattern } = each;
    if (isPlain(each)) {
      targets.push(each);
      continue;
    }
    const found = await list(target, { ...settings, allowMissing: allowMissing || pattern !== undefined });
    // webpack does not warn of directories that a pattern matches; of a pattern that matches nothing it does, as we do.
    (pattern ? silent : warnings).push(...found.warnings);
    // What other plugins want to be left alone.
    const ignore = pattern && webpack.CopyPlugin?.getCompilationHooks?.(compilation).ignore;
    const files = found.files.filter(({ source }) => ignore?.call(source.replaceAll(path.sep, '/')) !== true);
    if (pattern && files.length === 0)
      warnings.push(`nothing matches '${pattern.from}' of output.copy, no file is copied`);
    else targets.push(await nameFiles(each, files, seen, context));
  }
  const found = await list(
    targets.map(({ target }) => target),
    { ...settings, allowMissing },
  );
  warnings.push(...found.warnings);
  const assets = found.files.flatMap((file): FileAsset[] => {
    const name = relativeName(directory, file.destination);
    if (name.startsWith('../') || path.isAbsolute(name)) return [];
    const target = targets[file.target]!;
    const { source, info } = target.named?.get(file.source) ?? {};
    const content = () => (file.link ? new webpack.sources.RawSource('') : watch.sourceOf(file.source));
    return [{ name, file, source: source ?? content(), info, given: target }];
  });
  return { assets, folders: found.folders, targets: engineTargets(targets), warnings, silent };
}
