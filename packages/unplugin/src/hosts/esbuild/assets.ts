import fs from 'node:fs';
import path from 'node:path';
import type { BuildOptions, BuildResult, Metafile, OnLoadArgs, OnLoadResult, PluginBuild } from 'esbuild';
import type { BundledAsset, BundledAssets, ExtractedAsset } from '../../assets/bundled-assets.ts';
import { assetsOfBuild } from '../../assets/load.ts';
import { STAND_IN_BYTES, standInAt } from '../../assets/stand-in.ts';
import { noteStandIns } from '../../assets/stand-ins-on-disk.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { metafileOf } from './metafile.ts';

/**
 * The imported files of one build that the engine copies. esbuild writes a stand-in for each of them before it calls
 * any plugin. Even if the build fails, no stand-in stays in the output.
 */
export class EsbuildAssets {
  readonly #options: BuildOptions;
  readonly #root: string;
  readonly #cacheDirectory: string;
  readonly #assets: Promise<BundledAssets | undefined>;
  /** The assets by the path of their input in the metafile, made absolute. */
  readonly #byInput = new Map<string, BundledAsset>();
  #directory = '';
  /** Call this when no stand-in is in the output any more. Undefined if esbuild gets no stand-in. */
  #standInsEnd: (() => void) | undefined;

  constructor(build: PluginBuild, options: ResolvedOptions, root: string) {
    this.#options = build.initialOptions;
    this.#root = root;
    this.#cacheDirectory = cacheDirectoryOf(options, root);
    this.#assets = assetsOfBuild(options, root, this.#cacheDirectory);
    const filter = filterOf(build.initialOptions);
    if (filter) build.onLoad({ filter, namespace: 'file' }, (file) => this.#load(file));
  }

  /** Call this when the build starts. `directory` is the absolute path of its output. */
  start(directory: string): void {
    this.#directory = directory;
  }

  async #load({ path: file, suffix, with: attributes = {} }: OnLoadArgs): Promise<OnLoadResult | undefined> {
    const loader = loaderOf(this.#options, file);
    if (!isUrl(loader) || Object.keys(attributes).length > 0) return undefined;
    const assets = await this.#assets;
    const contents = await assets?.standInOf(file);
    if (contents === undefined) return undefined;
    this.#standInsEnd ??= noteStandIns(this.#cacheDirectory, this.#directory);
    this.#byInput.set(file + suffix, assets!.standsFor(contents)!);
    return { contents, loader };
  }

  /**
   * Call this when esbuild has written its files. Returns the stand-ins among them, which the engine has to replace,
   * and sets the sizes of the real files in the metafile.
   */
  async extract(result: BuildResult): Promise<ExtractedAsset[]> {
    const metafile = metafileOf(result);
    const assets = await this.#assets;
    if (!metafile || !assets || !this.#standInsEnd) return [];
    const extracted: ExtractedAsset[] = [];
    for (const [output, { bytes, inputs }] of Object.entries(metafile.outputs)) {
      const destination = path.resolve(this.#root, output);
      const standIn = bytes < STAND_IN_BYTES ? standInAt(destination) : undefined;
      if (standIn === undefined) continue;
      const input = Object.keys(inputs)[0] ?? '';
      const asset = this.#byInput.get(path.resolve(this.#root, input)) ?? assets.standsFor(standIn);
      if (!asset) continue;
      extracted.push({ ...asset, name: path.relative(this.#directory, destination) });
      setSize(metafile, output, input, asset.size);
    }
    assets.keep(this.#directory, extracted);
    return extracted;
  }

  /** Call this when the files are copied. Checks that their contents are those that were hashed. */
  async verify(): Promise<void> {
    await (await this.#assets)?.verify(this.#directory);
  }

  /** Call this when the build ends. If something has failed, this deletes the stand-ins that were not replaced. */
  end(extracted: readonly ExtractedAsset[]): void {
    for (const { name } of extracted) {
      const file = path.join(this.#directory, name);
      if (standInAt(file) !== undefined) fs.rmSync(file);
    }
    this.#standInsEnd?.();
    this.#standInsEnd = undefined;
  }
}

function setSize({ inputs, outputs }: Metafile, output: string, input: string, size: number): void {
  const written = outputs[output]!;
  written.bytes = size;
  if (written.inputs[input]) written.inputs[input].bytesInOutput = size;
  if (inputs[input]) inputs[input].bytes = size;
}

function isUrl(loader: string | undefined): loader is 'file' | 'copy' {
  return loader === 'file' || loader === 'copy';
}

/** Finds the loader of a file as esbuild does: by the longest extension that has a loader. */
function loaderOf({ loader = {} }: BuildOptions, file: string): string | undefined {
  const name = path.basename(file);
  if (!name.includes('.')) return loader[''];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const found = loader[name.slice(dot)];
    if (found) return found;
  }
  return undefined;
}

/** Matches the files that may be imported as URLs. esbuild calls the plugin for each file that matches. */
function filterOf({ loader = {} }: BuildOptions): RegExp | undefined {
  const ends = Object.keys(loader)
    .filter((extension) => isUrl(loader[extension]))
    .map((extension) => (extension === '' ? '(?:^|[/\\\\])[^./\\\\]+' : escapePattern(extension)));
  return ends.length > 0 ? new RegExp(`(?:${ends.join('|')})$`) : undefined;
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
