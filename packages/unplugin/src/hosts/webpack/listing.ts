import fs from 'node:fs';
import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import type { FileList, ListedFile } from 'fs-reflink/list';
import type { AssetInfo, Compilation, sources } from 'webpack';
import type { ResolvedOptions } from '../../options/options.ts';
import { transformed } from '../../output/transformed.ts';
import { allowedRoots, type OutputTargets, pathBelow, relativeName } from '../../targets/targets.ts';
import { engineTargets, isPlain, type WebpackTarget } from './targets.ts';

/** A file that will be copied, as an asset. A link is not added to webpack's assets. */
export interface FileAsset {
  /** Path below the output, with forward slashes. */
  name: string;
  file: ListedFile;
  source: sources.Source;
  /** The asset info that belongs to the name, for example the hash in it. */
  info?: AssetInfo | undefined;
  given: WebpackTarget;
}

/** The files of one compilation. */
export interface Listing {
  /** Absolute path of the output. */
  directory: string;
  /** One for each name in the output. Does not include files that are copied outside the output. */
  assets: FileAsset[];
  /** The directories that were listed, with their destinations. Absolute paths. */
  folders: FileList['folders'];
  /** The targets for the engine. */
  targets: OutputTargets;
  warnings: string[];
  /** Warnings of the engine that are not logged, because webpack does not warn about these patterns either. */
  silent: string[];
}

/** The compilation that gets the files as assets, the absolute path of its output, and the sources of files. */
export interface ListingContext {
  compilation: Compilation;
  directory: string;
  watch: { sourceOf(file: string): sources.Source };
}

/** A target. `named` has, by absolute path, the names and contents that the engine does not determine itself. */
interface NamedTarget extends WebpackTarget {
  named?: ReadonlyMap<string, { name: string | undefined } & Pick<FileAsset, 'source' | 'info'>>;
}

/** The number of files that are passed to functions of the user, or read for a hash, at the same time. */
const CONCURRENCY = 8;

/** Lists the files of all targets. Determines the names and contents that the engine does not know. */
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
  const targets: NamedTarget[] = [];
  const seen = new Set<string>();
  for (const each of given) {
    const { target, pattern } = each;
    if (isPlain(each)) {
      targets.push(each);
      continue;
    }
    const found = await list(target, { ...settings, allowMissing: allowMissing || pattern !== undefined });
    // webpack does not warn about directories that a pattern matches. A pattern without files is reported below.
    (pattern ? silent : warnings).push(...found.warnings);
    // The hook by which other plugins exclude files of patterns.
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
    if (!isInside(directory, file.destination)) return [];
    const name = relativeName(directory, file.destination);
    const target = targets[file.target]!;
    const { source, info } = target.named?.get(file.source) ?? {};
    const content = () => (file.link ? new webpack.sources.RawSource('') : watch.sourceOf(file.source));
    return [{ name, file, source: source ?? content(), info, given: target }];
  });
  return { directory, assets, folders: found.folders, targets: engineTargets(targets), warnings, silent };
}

/**
 * Determines the names and contents of a target's files, because the engine does not know webpack's templates. The
 * engine uses them for the returned target. `seen` contains the files and names of patterns of `output.copy` so far.
 */
export async function nameFiles(
  given: WebpackTarget,
  files: readonly ListedFile[],
  seen: Set<string>,
  { compilation, directory, watch }: ListingContext,
): Promise<NamedTarget> {
  const { target, naming, pattern } = given;
  const { RawSource } = compilation.compiler.webpack.sources;
  const named: NonNullable<NamedTarget['named']> & Map<string, unknown> = new Map();
  const isNew = (kind: string, what: string) => {
    const key = `${pattern?.number} ${kind} ${what}`;
    return !pattern || (!seen.has(key) && seen.add(key));
  };
  const name = async ({ source: file, destination, link }: ListedFile) => {
    const below = pathBelow(target, directory, destination);
    let content: Buffer | undefined;
    if (link) content = Buffer.from(fs.readlinkSync(file));
    else if (target.transform)
      content = await transformed(target, { source: file, destination, path: below });
    const source = content ? new RawSource(content) : watch.sourceOf(file);
    const { path, info } = (await naming?.({ below, file, source, content }, compilation)) ?? {};
    if (path !== undefined && !isNew('name', path))
      throw new Error(`multiple files of one pattern of output.copy are copied to '${path}'`);
    // webpack writes assets under their names without a query.
    named.set(file, { name: path?.replace(/[?#].*$/s, ''), info, source });
  };
  // A file that one pattern names twice is copied once, to the destination of the first path.
  const queue = files.filter(({ source }) => isNew('file', source)).values();
  const work = async () => {
    for (const file of queue) await name(file);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return {
    ...given,
    named,
    target: {
      ...target,
      ...(naming && {
        rename: (below: string, source: string) => named.get(source)?.name ?? below,
        filter: (_below: string, source: string) => named.has(source),
      }),
      ...(target.transform && {
        transform: (content: Buffer, file: { source: string; path: string }) =>
          named.get(file.source)?.source.buffer() ?? target.transform!(content, file),
      }),
    },
  };
}
