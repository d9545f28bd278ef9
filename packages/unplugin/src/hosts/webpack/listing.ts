import path from 'node:path';
import type { Target } from 'fs-reflink';
import { CopyError } from 'fs-reflink/host';
import type { FileList, ListedFile } from 'fs-reflink/list';
import type { AssetInfo, Compilation, Compiler, sources } from 'webpack';
import type { ResolvedOptions } from '../../options.ts';
import { allowedRoots, type OutputTargets, pathBelow } from '../../targets.ts';
import { sourceFilename } from './names.ts';
import type { FileSources } from './source.ts';
import { isPlain, type WebpackTarget } from './targets.ts';

/** A file that is going to be copied, as an asset. */
export interface PlacedAsset {
  /** Path below the output, with forward slashes. */
  name: string;
  file: ListedFile;
  source: sources.Source;
  info: AssetInfo;
  given: WebpackTarget;
  /** Its content is the file's own. */
  plain: boolean;
}

export interface Listing {
  assets: PlacedAsset[];
  /** Links that are kept as links, which webpack knows nothing of. */
  links: PlacedAsset[];
  /** Whether some files are copied somewhere else than in the output, and are no assets. */
  leavesOutput: boolean;
  /** Directories that files of plain targets were looked for in, and what is made of them: absolute paths. */
  folders: FileList['folders'];
  /** What to hand to the engine. */
  targets: OutputTargets;
  warnings: string[];
  /** Warnings of the engine's that a copy repeats: they are among `warnings`, or webpack does not give them. */
  repeated: string[];
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
  const { found, folders, warnings, repeated } = await findFiles(given, context);
  const listing: Listing = {
    assets: [],
    links: [],
    leavesOutput: false,
    folders,
    targets: { publicTargets: [], targets: [] },
    warnings,
    repeated,
  };
  const missing = given.filter(
    ({ pattern, target }) => pattern && !found.some((each) => each.given.target === target),
  );
  for (const { pattern } of missing) {
    const named = `'${pattern!.from}' of output.copy`;
    listing.warnings.push(`nothing matches ${named}, no file is copied`);
  }
  const described = await describeAll(once(found), context);
  const assets = new Map<string, PlacedAsset>();
  for (const asset of described) {
    const before = assets.get(asset.name);
    if (before) refuseSame(before, asset);
    if (!isBelow(asset.name)) listing.leavesOutput = true;
    else if (!(asset.given.target.overwrite === false && before)) assets.set(asset.name, asset);
  }
  for (const asset of assets.values()) (asset.file.link ? listing.links : listing.assets).push(asset);
  // What is called by a function is called the same again.
  for (const each of given) {
    if (missing.includes(each)) continue;
    const list = each.kind === 'public' ? listing.targets.publicTargets : listing.targets.targets;
    list.push(isPlain(each) ? each.target : toEngine(each, described, context));
  }
  const sourceNames = new SourceNames(compilation.compiler);
  for (const asset of listing.assets) asset.info = withInfo(asset, sourceNames.of(asset.file.source));
  return listing;
}

/** A pattern whose names do not tell its files apart. */
function refuseSame(before: PlacedAsset, { name, given }: PlacedAsset): void {
  if (!given.pattern || before.given.pattern?.number !== given.pattern.number) return;
  throw new Error(`multiple files of one pattern of output.copy are copied to '${name}'`);
}

interface Found {
  given: WebpackTarget;
  file: ListedFile;
}

type FoundFiles = Pick<Listing, 'folders' | 'warnings' | 'repeated'> & { found: Found[] };

async function findFiles(
  given: WebpackTarget[],
  { compilation, directory, options }: ListingContext,
): Promise<FoundFiles> {
  const { symlinks = 'follow', allowMissing = false } = options.engine;
  const roots = allowedRoots(compilation.compiler.context, directory);
  let found: Found[] = [];
  const told: string[] = [];
  const silent: string[] = [];
  // webpack only warns of patterns that match nothing. One after the other, as they are not called what they are listed as.
  for (const each of given.filter(({ naming }) => naming)) {
    const { target, pattern } = each;
    const { list } = await import('fs-reflink/list');
    const { files, warnings } = await list(target, {
      cwd: directory,
      allowedRoots: roots,
      symlinks,
      allowMissing: allowMissing || pattern !== undefined,
    });
    // webpack says nothing of directories that a pattern matches, and speaks of one that matches nothing itself.
    (pattern ? silent : told).push(...warnings);
    const wanted = files.filter(({ source }) => !pattern?.ignores(source, compilation));
    found = found.concat(wanted.map((file) => ({ given: each, file })));
  }
  const plain = given.filter(({ naming }) => !naming);
  const { list } = await import('fs-reflink/list');
  const { files, folders, warnings } = await list(
    plain.map(({ target }) => target),
    { cwd: directory, allowedRoots: roots, symlinks, allowMissing },
  );
  found = found.concat(files.map((file) => ({ given: plain[file.target]!, file })));
  // In the order of the targets, of which the last wins.
  const order = new Map(given.map((each, position) => [each, position]));
  found.sort((one, other) => order.get(one.given)! - order.get(other.given)!);
  told.push(...warnings);
  return { found, folders, warnings: told, repeated: [...told, ...silent] };
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

async function describeAll(found: Found[], context: ListingContext): Promise<PlacedAsset[]> {
  // Thousands of files at once: whatever is not done for each of them counts.
  if (found.every(({ given }) => isPlain(given))) return found.map((each) => describePlain(each, context));
  return mapLimit(found, CONCURRENCY, (each) => describe(each, context));
}

function describePlain(
  { given, file }: Found,
  { compilation, directory, sources }: ListingContext,
): PlacedAsset {
  const { RawSource } = compilation.compiler.webpack.sources;
  return {
    name: nameBelow(directory, file.destination),
    file,
    given,
    source: file.link ? new RawSource('') : sources.get(file.source),
    info: {},
    plain: true,
  };
}

async function describe(found: Found, context: ListingContext): Promise<PlacedAsset> {
  const { given, file } = found;
  const { target, naming } = given;
  if (isPlain(given) || file.link) return describePlain(found, context);
  const { compilation, directory } = context;
  const root = path.resolve(directory, target.to ?? '.');
  const below = pathBelow(target, directory, file.destination);
  const content = target.transform && (await transform(target, file, below));
  const source = content
    ? new compilation.compiler.webpack.sources.RawSource(content)
    : context.sources.get(file.source);
  const asset = { file, given, source, info: {}, plain: !content };
  if (!naming) return { ...asset, name: nameBelow(directory, file.destination) };
  const named = await naming({ below, file: file.source, source, content }, compilation);
  const destination = path.resolve(root, withoutQuery(named.path));
  const name = nameBelow(directory, destination);
  return { ...asset, file: { ...file, destination }, name, info: named.info };
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
function toEngine(given: WebpackTarget, described: PlacedAsset[], { directory }: ListingContext): Target {
  const { target, naming, pattern } = given;
  const root = path.resolve(directory, target.to ?? '.');
  const assets = described.filter((asset) => asset.given === given);
  const known = new Map(assets.map((asset) => [asset.file.source, asset]));
  const rename = (below: string, source: string) => {
    const asset = known.get(source);
    return asset ? nameBelow(root, asset.file.destination) : below;
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

function withInfo({ name, file, given, info, source }: PlacedAsset, sourceFilename: string): AssetInfo {
  return {
    copied: true,
    sourceFilename,
    // As if it had been written by webpack; nobody looks at the file before this is asked for.
    get size() {
      return source.size();
    },
    ...(isMinimized(name, given) && { minimized: true }),
    ...info,
    ...given.info?.(name, file),
  };
}

/** Minimizers leave alone what is marked as minimized already. Scripts stay as they are unless they are given away. */
function isMinimized(name: string, { minimize }: WebpackTarget): boolean {
  return minimize === undefined ? /\.[cm]?js$/i.test(name) : !minimize;
}

/** The same asset with what the file holds now. */
export function withSource(asset: PlacedAsset, source: sources.Source): PlacedAsset {
  if (source === asset.source) return asset;
  const changed = { ...asset, source };
  return { ...changed, info: withInfo(changed, asset.info.sourceFilename!) };
}

/** {@link sourceFilename} of many files, a directory at a time. */
class SourceNames {
  readonly #compiler: Compiler;
  #directory = '';
  #prefix = '';

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  of(file: string): string {
    const directory = path.dirname(file);
    if (directory !== this.#directory) {
      const name = sourceFilename(this.#compiler, directory);
      this.#prefix = name === '' ? '' : `${name}/`;
      this.#directory = directory;
    }
    return this.#prefix + path.basename(file);
  }
}

/** A path relative to a directory, with forward slashes. */
function nameBelow(directory: string, file: string): string {
  const name = file.startsWith(directory + path.sep)
    ? file.slice(directory.length + 1)
    : path.relative(directory, file);
  return toPosix(name);
}

function isBelow(name: string): boolean {
  return name !== '..' && !name.startsWith('../') && !path.isAbsolute(name);
}

/** As webpack writes assets. */
function withoutQuery(name: string): string {
  return name.replace(/[?#].*$/s, '');
}

function toPosix(name: string): string {
  return path.sep === '/' ? name : name.replaceAll(path.sep, '/');
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
