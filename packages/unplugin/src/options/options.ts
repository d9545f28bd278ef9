import type { CopyOptions, CopyReport, Target } from 'fs-reflink';
import type { ImportedAssets, ResolvedAssets } from '../assets/options.ts';

export const ENGINE_OPTIONS = [
  'reflink',
  'atomic',
  'preserve',
  'symlinks',
  'pageCache',
  'durability',
  'concurrency',
  'allowMissing',
] as const;

/** Options of the copy engine that a bundler plugin passes on; see fs-reflink. */
export type EngineOptions = Pick<CopyOptions, (typeof ENGINE_OPTIONS)[number]>;

/** What webpack and its plugins know about files, and may do to them. For webpack only. */
export interface AssetOptions {
  /**
   * Whether minimizers may change the files. With `false` each file is marked as minimized, unless `info` says
   * otherwise, so that minimizers skip it.
   *
   * @default false for scripts (.js, .mjs, .cjs), true for all other files
   */
  minimize?: boolean;
  /**
   * An object that is added to webpack's information about each asset (`asset.info`), as in copy-webpack-plugin, or a
   * function that returns one. The function gets the absolute path of the source and the name of the asset.
   *
   * @default {}
   */
  info?: Record<string, unknown> | ((file: { source: string; name: string }) => Record<string, unknown>);
}

/** A target of fs-reflink, with options for webpack. */
export interface OutputTarget<Path extends string | URL = string | URL> extends Target<Path>, AssetOptions {}

/** A directory whose contents go into the output as they are. */
export interface PublicDirectory extends AssetOptions {
  /** The directory, as a path relative to the project's root or as a `file:` URL. */
  dir: string | URL;
  /**
   * The directory in the output that the contents go to.
   *
   * @default '.'
   */
  to?: string;
  /**
   * Globs of what not to copy, relative to `dir`. Dotfiles match too.
   *
   * @default []
   */
  ignore?: string | readonly string[];
}

/** What the build prints about an output directory; see {@link Options.report}. */
export type Report = false | 'summary' | 'verbose' | ((report: CopyReport, outDir: string) => void);

/** Options of the plugin, the same for every bundler. */
export interface Options extends EngineOptions {
  /**
   * Directories whose contents go into the output as they are. If the bundle has a file of the same name, the
   * bundle's file is kept. In Vite and Rsbuild they replace the bundler's own public directory. In Vite the first one
   * without a `to` becomes Vite's public directory. `false` leaves the bundler's own public directory to the bundler.
   *
   * @default Vite's or Rsbuild's own; none in other bundlers
   */
  publicDir?: false | string | URL | PublicDirectory | readonly (string | URL | PublicDirectory)[];
  /**
   * What else the plugin copies. If the bundle has a file of the same name, the target's file is kept. `from` and
   * `base` are relative to the project's root, `to` to the output directory: `to: 'i18n'` is the directory of that
   * name in the output. An absolute `to` starts at the root of the file system. If it is outside the output, the
   * project and the working directory, it fails with `ERR_OUTSIDE_DESTINATION`, unless the target has
   * `allowOutside: true`.
   *
   * @default []
   */
  targets?: readonly OutputTarget[];
  /**
   * What the build prints about each output directory. `false`: nothing. `'summary'`: one line through the bundler's
   * logger, with the numbers of copied, deleted and unchanged files. `'verbose'`: that line with bytes and methods,
   * and a line for each file that was copied or deleted. A function gets the report, and nothing is
   * printed. If it returns a promise, the build waits for it.
   *
   * @default 'summary'
   */
  report?: Report;
  /**
   * Copies and deletes nothing, and reports what the build would copy and delete. The bundler still writes its
   * bundle. If it empties the output, files that the plugin copied in earlier builds stay. The bundler handles
   * imported files itself. Development servers copy nothing anyway. The adapters of SvelteKit do not have this
   * option.
   *
   * @default false
   */
  dryRun?: boolean;
  /**
   * The directory of the records of what was copied. The next build uses them to know what is unchanged, and what to
   * delete. You may delete it: the next build then copies everything, and does not delete what earlier builds copied.
   * Relative to the project's root. If it cannot be written, each build warns and copies everything. If a file is in
   * its place, the records go to the directory for temporary files, with a warning.
   *
   * @default in Vite `unplugin-reflink` in its `cacheDir` (`node_modules/.vite`); in other bundlers `node_modules/.cache/unplugin-reflink`; in a project without `node_modules` a directory among the temporary files
   */
  cacheDirectory?: string | URL;
  /**
   * Vite, Rollup, Rolldown, esbuild, webpack, Rspack and Rsbuild only: the engine copies large files that modules
   * import. The bundler names them, and never reads them. `true` uses the defaults of {@link ImportedAssets}.
   *
   * @default false
   */
  assets?: boolean | ImportedAssets;
  /**
   * Options for Vite only. Other bundlers ignore them, so several bundlers may share one object of options.
   *
   * @default {}
   */
  vite?: ViteOptions;
  /**
   * Options for webpack only. Other bundlers ignore them.
   *
   * @default {}
   */
  webpack?: WebpackOptions;
  /**
   * Options for Rspack and Rsbuild only. Other bundlers ignore them.
   *
   * @default {}
   */
  rspack?: RspackOptions;
}

/** Options for Vite only; see {@link Options.vite}. */
export interface ViteOptions {
  /**
   * The environments into whose output the plugin copies, by name. The public directory is never copied where
   * `copyPublicDir` is false. The build warns about files that it copies nowhere, and about a name that the config
   * does not have.
   *
   * @default all for the public directory, `client` for targets
   */
  environments?: readonly string[] | ((name: string) => boolean);
  /**
   * Whether the development server reloads the page when a copied file is added, changed or deleted.
   *
   * @default false
   */
  reload?: boolean;
}

/** Options for webpack only; see {@link Options.webpack}. */
export interface WebpackOptions {
  /**
   * The plugin copies what `output.copy` names (webpack 5.111 and newer), and webpack does not. A pattern that cannot
   * be copied the same way is an error.
   *
   * @default false
   */
  takeOver?: boolean;
  /**
   * How a development server, which keeps the output in memory, gets the files. `'serve'`: it reads the source when a
   * browser asks for the file. `'emit'`: it loads all files into memory.
   *
   * @default 'serve'
   */
  dev?: 'serve' | 'emit';
}

/** Options for Rspack and Rsbuild only; see {@link Options.rspack}. */
export interface RspackOptions {
  /**
   * The plugin copies what the config gives to `rspack.CopyRspackPlugin`, or to `output.copy` of Rsbuild, and
   * `CopyRspackPlugin` does not. `CopyRspackPlugin` keeps the patterns that cannot be copied the same way (for
   * example those with a `transform`), and the build prints each of them.
   *
   * @default false
   */
  takeOver?: boolean;
}

export type ResolvedTarget = OutputTarget<string>;

export interface ResolvedPublicDirectory extends PublicDirectory {
  dir: string;
}

export interface ResolvedOptions {
  engine: EngineOptions;
  /** Undefined: the host's own public directory, if it has one. */
  publicDirs: readonly ResolvedPublicDirectory[] | undefined;
  targets: readonly ResolvedTarget[];
  report: Report;
  dryRun: boolean;
  /** Undefined: the default of the option. */
  cacheDirectory: string | undefined;
  /** Undefined: all environments for the public directory, `client` for targets. */
  environments: ViteOptions['environments'] | undefined;
  reload: boolean;
  /** Whether to copy what the config gives to the bundler itself to copy. For webpack, Rspack and Rsbuild. */
  takeOver: boolean;
  dev: 'serve' | 'emit';
  /** Undefined: the bundler handles all imported files. */
  assets: ResolvedAssets | undefined;
}
