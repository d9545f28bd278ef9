import path from 'node:path';
import { CopyError, type ListedFile, list, type Target } from 'fs-reflink';
import type { AssetInfo, Compilation, sources } from 'webpack';
import type { ResolvedOptions } from '../options.ts';
import type { OutputTargets } from '../targets.ts';
import { sourceFilename } from './webpack-names.ts';
import { type FileSources, stateOf } from './webpack-source.ts';
import type { WebpackTarget } from './webpack-targets.ts';

/** A file that is going to be placed, as an asset. */
export interface PlacedAsset {
  /** Path below the output, with forward slashes. */
  name: string;
  file: ListedFile;
  source: sources.Source;
  info: AssetInfo;
  kind: WebpackTarget['kind'];
  target: Target;
  /** Its content is the file's own. */
  plain: boolean;
  /** Which pattern of `output.copy` it comes from, if it does. */
  number: number | undefined;
}

export interface Listing {
  assets: PlacedAsset[];
  /** Links that are kept as links, which webpack knows nothing of. */
  links: PlacedAsset[];
  /** What to hand to the engine. */
  targets: OutputTargets;
  warnings: string[];
}

export interface ListingContext {
  compilation: Compilation;
  options: ResolvedOptions;
  /** Absolute path of the output. */
  directory: string;
  sources: FileSources;
}

/** Files at a time that functions of the user are called for, or that are read for a hash. */
const CONCURRENCY = 8;

/** Finds the files of all targets and what they are going to be called. */
export async function listFiles(given: WebpackTarget[], context: ListingContext): Promise<Listing> {
  const { compilation } = context;
  const found = await findFiles(given, context);
  const listing: Listing = {
    assets: [],
    links: [],
    targets: { publicTargets: [], targets: [] },
    warnings: [],
  };
  const missing = given.filter(
    ({ pattern, target }) => pattern && !found.some((each) => each.given.target === target),
  );
  for (const { pattern } of missing) {
    const named = `'${pattern!.from}' of output.copy`;
    listing.warnings.push(`nothing matches ${named}, no file is copied`);
  }
  const described = await mapLimit(once(found), CONCURRENCY, (each) => describe(each, context));
  const assets = new Map<string, PlacedAsset>();
  for (const asset of described) {
    const before = assets.get(asset.name);
    if (before) refuseSame(before, asset);
    if (isBelow(asset.name) && !(asset.target.overwrite === false && before)) assets.set(asset.name, asset);
  }
  for (const asset of assets.values()) (asset.file.link ? listing.links : listing.assets).push(asset);
  // What is called by a function is called the same again.
  for (const each of given) {
    if (missing.includes(each)) continue;
    const names = described.filter(({ target }) => target === each.target);
    const list = each.kind === 'public' ? listing.targets.publicTargets : listing.targets.targets;
    list.push(toEngine(each, names, context));
  }
  for (const file of listing.assets) file.info = withInfo(file, given, compilation);
  context.sources.sweep();
  return listing;
}

/** A pattern whose names do not tell its files apart. */
function refuseSame(before: PlacedAsset, { name, number }: PlacedAsset): void {
  if (number === undefined || before.number !== number) return;
  throw new Error(`multiple files of one pattern of output.copy are copied to '${name}'`);
}

interface Found {
  given: WebpackTarget;
  file: ListedFile;
}

async function findFiles(
  given: WebpackTarget[],
  { compilation, directory, options }: ListingContext,
): Promise<Found[]> {
  const { symlinks = 'follow', allowMissing = false } = options.engine;
  const found: Found[] = [];
  // webpack only warns of patterns that match nothing. One after the other, as they are not called what they are listed as.
  for (const each of given.filter(({ naming }) => naming)) {
    const { target, pattern } = each;
    const { files } = await list(target, {
      cwd: directory,
      symlinks,
      allowMissing: allowMissing || pattern !== undefined,
    });
    found.push(
      ...files
        .filter(({ source }) => !pattern?.ignores(source, compilation))
        .map((file) => ({ given: each, file })),
    );
  }
  const plain = given.filter(({ naming }) => !naming);
  const { files } = await list(
    plain.map(({ target }) => target),
    { cwd: directory, symlinks, allowMissing },
  );
  found.push(...files.map((file) => ({ given: plain[file.target]!, file })));
  // In the order of the targets, of which the last wins.
  const order = new Map(given.map((each, position) => [each, position]));
  return found.sort((one, other) => order.get(one.given)! - order.get(other.given)!);
}

/** A file that one pattern names twice is copied once, to where the first of its paths puts it. */
function once(found: Found[]): Found[] {
  const seen = new Set<string>();
  return found.filter(({ given, file }) => {
    const key = given.pattern && `${given.pattern.number} ${file.source}`;
    if (key === undefined) return true;
    return !seen.has(key) && seen.add(key);
  });
}

async function describe({ given, file }: Found, context: ListingContext): Promise<PlacedAsset> {
  const { compilation, directory } = context;
  const { target, kind, naming } = given;
  const root = path.resolve(directory, target.to ?? '.');
  const below = toPosix(path.relative(root, file.destination));
  const number = given.pattern?.number;
  const asset = { file, kind, target, number, plain: !target.transform || file.link, info: {} };
  if (file.link) {
    const name = toPosix(path.relative(directory, file.destination));
    return { ...asset, name, source: new compilation.compiler.webpack.sources.RawSource('') };
  }
  const content = target.transform && (await transform(target, file, below));
  const source = content
    ? new compilation.compiler.webpack.sources.RawSource(content)
    : context.sources.get(file.source, stateOf(file.source));
  if (!naming) return { ...asset, name: toPosix(path.relative(directory, file.destination)), source };
  const named = await naming({ below, file: file.source, source, content }, compilation);
  const destination = path.resolve(root, withoutQuery(named.path));
  const name = toPosix(path.relative(directory, destination));
  return { ...asset, file: { ...file, destination }, name, source, info: named.info };
}

/** The engine calls it again when it writes the file, and gets the same. */
async function transform(
  target: Target,
  { source, destination }: ListedFile,
  below: string,
): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises');
  const content = await readFile(source);
  try {
    const made = await target.transform!(content, { source, path: below });
    return Buffer.from(made as Uint8Array);
  } catch (cause) {
    const reason = `the transform failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CopyError({ code: 'ERR_TRANSFORM', reason, source, destination, method: 'transform', cause });
  }
}

/** A target as the engine has to place it: under names and with contents that are known by now. */
function toEngine(
  { target, naming, pattern }: WebpackTarget,
  assets: PlacedAsset[],
  { directory }: ListingContext,
): Target {
  if (!naming && !target.transform && !pattern) return target;
  const root = path.resolve(directory, target.to ?? '.');
  const known = new Map(assets.map((asset) => [asset.file.source, asset]));
  const rename = (below: string, source: string) => {
    const asset = known.get(source);
    return asset ? toPosix(path.relative(root, asset.file.destination)) : below;
  };
  return {
    ...target,
    ...((naming || pattern) && { rename, filter: (_below: string, source: string) => known.has(source) }),
    ...(target.transform && {
      transform: (content: Buffer, file: { source: string; path: string }) =>
        known.get(file.source)?.source.buffer() ?? target.transform!(content, file),
    }),
  };
}

function withInfo(asset: PlacedAsset, given: WebpackTarget[], { compiler }: Compilation): AssetInfo {
  const { name, file, info, source, target } = asset;
  const more = given.find((each) => each.target === target)?.info?.(name, file);
  return {
    copied: true,
    sourceFilename: sourceFilename(compiler, file.source),
    size: source.size(),
    // Copies are the bytes of their source.
    minimized: true,
    ...info,
    ...more,
  };
}

function isBelow(name: string): boolean {
  return name !== '..' && !name.startsWith('../') && !path.isAbsolute(name);
}

/** As webpack writes assets. */
function withoutQuery(name: string): string {
  return name.replace(/[?#].*$/s, '');
}

function toPosix(name: string): string {
  return name.split(path.sep).join('/');
}

async function mapLimit<From, To>(
  items: From[],
  limit: number,
  step: (item: From) => Promise<To>,
): Promise<To[]> {
  const results: To[] = new Array(items.length);
  const entries = items.entries();
  const work = async () => {
    for (const [position, item] of entries) results[position] = await step(item);
  };
  await Promise.all(Array.from({ length: limit }, work));
  return results;
}
