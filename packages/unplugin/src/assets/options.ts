import { listOf } from 'fs-reflink/options';

/** Which imported files the engine copies. The bundler does not read them. */
export interface ImportedAssets {
  /**
   * Globs of files that the engine copies. They are relative to the project's root, as in the plugins of Rollup. An
   * absolute glob, or one that begins with `**`, also matches outside.
   *
   * @default types that no tool rewrites: video, audio, wasm, models, fonts, archives and other binary data
   */
  include?: string | readonly string[];
  /**
   * Globs of files that the bundler handles, although `include` has them. Relative to the same directory as
   * `include`.
   *
   * @default []
   */
  exclude?: string | readonly string[];
  /**
   * The smallest size of files that the engine copies, in bytes. The bundler handles smaller files.
   *
   * @default 262144 (256 KiB)
   */
  minSize?: number;
}

export interface ResolvedAssets {
  /** Undefined: files that {@link BINARY} matches. */
  include: readonly string[] | undefined;
  exclude: readonly string[];
  minSize: number;
}

/** Matches files that no tool rewrites. */
export const BINARY: RegExp = new RegExp(
  `\\.(?:${[
    ...['avi', 'm4v', 'mkv', 'mov', 'mp4', 'mpeg', 'mpg', 'ogv', 'webm'],
    ...['aac', 'flac', 'm4a', 'mp3', 'oga', 'ogg', 'opus', 'wav'],
    ...['wasm'],
    ...['ckpt', 'ggml', 'gguf', 'glb', 'onnx', 'ort', 'pb', 'pt', 'safetensors', 'task', 'tflite'],
    ...['eot', 'otf', 'ttc', 'ttf', 'woff', 'woff2'],
    ...['7z', 'br', 'bz2', 'gz', 'rar', 'tar', 'tgz', 'xz', 'zip', 'zst'],
    ...['arrow', 'bin', 'dat', 'data', 'db', 'ktx2', 'parquet', 'pdf', 'sqlite'],
  ].join('|')})$`,
  'i',
);

/** Matches files that bundlers make modules of. The engine does not copy them, whatever globs match them. */
export const MODULES =
  /\.(?:[cm]?[jt]sx?|css|less|s[ac]ss|styl|stylus|pcss|postcss|sss|html?|json5?|vue|svelte|astro)$/i;

const MIN_SIZE = 256 * 1024;
const KNOWN: readonly string[] = ['include', 'exclude', 'minSize'];
const isList = listOf((each) => typeof each === 'string' && each !== '');

/**
 * Returns the option with its defaults, or undefined if the engine copies no imported files. `wrong` creates the
 * error for an invalid value.
 */
export function resolveAssets(
  given: unknown,
  wrong: (what: string) => TypeError,
): ResolvedAssets | undefined {
  if (given === undefined || given === false) return undefined;
  const options = (given === true ? {} : given) as ImportedAssets;
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isObject || Object.keys(options).some((name) => !KNOWN.includes(name)))
    throw wrong('must be true, false or { include, exclude, minSize }');
  const { include, exclude = [], minSize = MIN_SIZE } = options;
  for (const [name, globs] of Object.entries({ include, exclude }))
    if (globs !== undefined && !isList(asList(globs)))
      throw wrong(`"${name}" must be a glob or an array of globs`);
  if (!Number.isSafeInteger(minSize) || minSize < 0)
    throw wrong('"minSize" must be a number of bytes, 0 or more');
  return {
    include: include === undefined ? undefined : asList(include),
    exclude: asList(exclude),
    minSize,
  };
}

function asList(globs: string | readonly string[]): readonly string[] {
  return typeof globs === 'string' || !Array.isArray(globs) ? [globs as string] : globs;
}
