import fs from 'node:fs';
import path from 'node:path';
import type { FileList, ListedFile } from 'fs-reflink/list';
import type { AssetInfo, Compilation, sources } from 'webpack';
import type { ResolvedOptions } from '../../options/options.ts';
import { transformed } from '../../output/transformed.ts';
import { allowedRoots, type OutputTargets, pathBelow, relativeName } from '../../targets/targets.ts';
import { engineTargets, isPlain, type WebpackTarget } from './targets.ts';

/** A file that is going to be copied, as an asset; or a link, which webpack knows nothing of. */
export interface FileAsset {
  /** Path below the output, with forward slashes. */
  name: string;
  file: ListedFile;
  source: sources.Source;
  /** What webpack has to know about its name. */
  info?: AssetInfo | undefined;
  given: WebpackTarget;
}

/** The files of one compilation. */
export interface Listing {
  /** One for each name in the output. What is copied elsewhere is no asset. */
  assets: FileAsset[];
  /** Directories that files were looked for in, and what they become: absolute paths. */
  folders: FileList['folders'];
  /** What to hand to the engine. */
  targets: OutputTargets;
  warnings: string[];
  /** Warnings of the engine's that webpack's own patterns do not give. */
  silent: string[];
}

/** The compilation that files are assets of, the absolute path of its output, and where their contents come from. */
export interface ListingContext {
  compilation: Compilation;
  directory: string;
  watch: { sourceOf(file: string): sources.Source };
}

/** A target with the names and contents, by absolute path, of those of its files that have others than the engine's. */
interface NamedTarget extends WebpackTarget {
  named?: ReadonlyMap<string, { name: string | undefined } & Pick<FileAsset, 'source' | 'info'>>;
}

/** Files at a time that functions of the user are called for, or that are read for a hash. */
const CONCURRENCY = 8;

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
  const targets: NamedTarget[] = [];
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

/**
 * A target whose files the engine, which knows no templates, gives the names and contents that are found out here.
 * `seen` is what patterns of `output.copy` have named so far.
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
    // As webpack writes assets: without a query.
    named.set(file, { name: path?.replace(/[?#].*$/s, ''), info, source });
  };
  // A file that one pattern names twice is copied once, to where the first of its paths puts it.
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
