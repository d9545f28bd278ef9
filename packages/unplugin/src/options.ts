import type { CopyOptions, CopyReport, Target } from 'fs-reflink';
import type { ImportedAssets, ResolvedAssets } from './assets/options.ts';

/** Options of the copy engine that a bundler plugin passes on; see fs-reflink. */
export type EngineOptions = Pick<
  CopyOptions,
  'reflink' | 'atomic' | 'preserve' | 'symlinks' | 'pageCache' | 'durability' | 'concurrency' | 'allowMissing'
>;

/** What webpack and its plugins are told about files, and may do to them. webpack only. */
export interface AssetOptions {
  /**
   * Whether minimizers get the files. Unless `info` says otherwise, `false` marks each as minimized, so that it stays
   * as it is, and `true` marks none.
   *
   * @default true for whatever the minimizers of the config look for, but not for scripts (.js, .mjs, .cjs)
   */
  minimize?: boolean;
  /**
   * What is added to webpack's information about the assets, as in copy-webpack-plugin: an object, or a function that
   * gets the absolute path of the source and the asset's name, and returns one.
   *
   * @default {}
   */
  info?: Record<string, unknown> | ((file: { source: string; name: string }) => Record<string, unknown>);
}

/** What is copied besides the public directory: a target of fs-reflink, and what webpack is told about its files. */
export interface OutputTarget<Path extends string | URL = string | URL> extends Target<Path>, AssetOptions {}

/** A directory whose contents go into the output as they are. */
export interface PublicDirectory extends AssetOptions {
  /** The directory, as a path relative to the project's root or as a `file:` URL. */
  dir: string | URL;
  /**
   * The directory below the output that its contents go to.
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

/** What is reported about an output directory; see {@link Options.report}. */
export type Report = false | 'summary' | 'verbose' | ((report: CopyReport, outDir: string) => void);

/** Options of the plugin, the same for every bundler. */
export interface Options extends EngineOptions {
  /**
   * Directories whose contents are copied before the bundle is written, which wins over them. In Vite they take
   * the place of its own public directory, which the first whose `to` is `'.'` becomes; `false` leaves that one to
   * Vite. So they do in Rsbuild, whose own is switched off.
   *
   * @default Vite's or Rsbuild's own; none elsewhere
   */
  publicDir?: false | string | URL | PublicDirectory | readonly (string | URL | PublicDirectory)[];
  /**
   * What else is copied, and wins over the bundle. `from` and `base` are relative to the project's root, `to` to
   * the output directory. `to: 'i18n'` is the directory of that name in the output; an absolute `to` is a path of the
   * file system. Outside the output, the project and the working directory it is refused with
   * `ERR_OUTSIDE_DESTINATION`, unless the target has `allowOutside: true`.
   *
   * @default []
   */
  targets?: readonly OutputTarget[];
  /**
   * What is reported about each output directory: nothing; one line through the bundler's logger, with how many files were
   * copied, deleted and left unchanged; that with bytes and methods, and a line for each file copied or deleted; or the
   * report to a function.
   *
   * @default 'summary'
   */
  report?: Report;
  /**
   * Copies and deletes nothing, and reports what would be copied and deleted. The bundler writes its bundle all the same,
   * and empties the output as far as it would without the plugin's files. Imported files are the bundler's then. Development
   * servers, which copy nothing, are as always. For the adapters of SvelteKit there is no such option.
   *
   * @default false
   */
  dryRun?: boolean;
  /**
   * The directory of the records of what was copied, by which the next build knows what is unchanged and what is to be
   * deleted. It may be thrown away: the next build copies everything then, and deletes nothing. Relative to the
   * project's root. Where it cannot be written, each build warns and copies everything; where something that is no
   * directory is in its place, records go to the directory for temporary files, with a warning.
   *
   * @default `unplugin-reflink` in Vite's `cacheDir` (`node_modules/.vite`); `node_modules/.cache/unplugin-reflink` elsewhere, and in a project without `node_modules` a directory of the user's among the temporary files
   */
  cacheDirectory?: string | URL;
  /**
   * Vite, Rollup, Rolldown, esbuild, webpack, Rspack and Rsbuild only: imported files that the engine copies. The bundler
   * names them, and never reads them. `true` takes all that {@link ImportedAssets} takes by default.
   *
   * @default false
   */
  assets?: boolean | ImportedAssets;
  /**
   * What Vite alone can do. Other bundlers ignore it, so that several may share their options.
   *
   * @default {}
   */
  vite?: ViteOptions;
  /**
   * What webpack alone can do. Other bundlers ignore it.
   *
   * @default {}
   */
  webpack?: WebpackOptions;
  /**
   * What Rspack and Rsbuild alone can do. Other bundlers ignore it.
   *
   * @default {}
   */
  rspack?: RspackOptions;
}

/** Options for Vite alone; see {@link Options.vite}. */
export interface ViteOptions {
  /**
   * Environments into whose output is copied, by name. The public directory is never copied where
   * `copyPublicDir` is false. What a build copies nowhere is warned about, and so is a name that the config does not
   * have.
   *
   * @default all for the public directory, `client` for targets
   */
  environments?: readonly string[] | ((name: string) => boolean);
  /**
   * Whether the development server reloads the page when a file that is copied changes, comes or goes.
   *
   * @default false
   */
  reload?: boolean;
}

/** Options for webpack alone; see {@link Options.webpack}. */
export interface WebpackOptions {
  /**
   * Copies what `output.copy` names (webpack 5.111 and newer) in webpack's place. A pattern that cannot be copied the
   * same way here is an error.
   *
   * @default false
   */
  takeOver?: boolean;
  /**
   * How files get into an output that is kept in memory, as a development server does. `'serve'` has them read from
   * where they are when they are asked for; `'emit'` reads all of them into memory.
   *
   * @default 'serve'
   */
  dev?: 'serve' | 'emit';
}

/** Options for Rspack and Rsbuild alone; see {@link Options.rspack}. */
export interface RspackOptions {
  /**
   * Copies what the config gives to `rspack.CopyRspackPlugin`, or to `output.copy` of Rsbuild, in that plugin's place. It
   * keeps the patterns that cannot be copied the same way here (those with a `transform`, for instance), and a line of the
   * log names each.
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
  /** Undefined: what the host has, if it has one. */
  publicDirs: readonly ResolvedPublicDirectory[] | undefined;
  targets: readonly ResolvedTarget[];
  report: Report;
  dryRun: boolean;
  /** Undefined: where the host keeps what may be thrown away. */
  cacheDirectory: string | undefined;
  /** Undefined: all for the public directory, the client's for targets. */
  environments: ((name: string) => boolean) | undefined;
  /** Where the option is a list. */
  environmentNames: readonly string[] | undefined;
  reload: boolean;
  /** What the config gives to the bundler's own copies; of webpack, or of Rspack and Rsbuild. */
  takeOver: boolean;
  dev: 'serve' | 'emit';
  /** Undefined: the bundler has all imported files. */
  assets: ResolvedAssets | undefined;
}
