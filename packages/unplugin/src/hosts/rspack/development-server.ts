import path from 'node:path';
import type { Compilation, Compiler } from '@rspack/core';
import { bundleOf, warnOfOutside } from '../../compilers/compiler.ts';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import type { HostLog } from '../../output/log.ts';
import { notCopied } from '../../output/not-copied.ts';
import { transformed } from '../../output/transformed.ts';
import type { ServedFile, ServedFiles } from '../../serve/files.ts';
import type { Middleware } from '../../serve/middleware.ts';
import type { OutputTargets } from '../../targets/targets.ts';

interface Server {
  options?: { devMiddleware?: { publicPath?: unknown }; headers?: unknown };
}

interface ServerSettings {
  targets: OutputTargets;
  options: ResolvedOptions;
  logger: HostLog;
  /** Whether a development server calls the middleware in any case. */
  isOpen: boolean;
}

/** Serves the files that a build would copy, from their sources, if the output is in memory. */
export class DevelopmentServer {
  readonly #compiler: Compiler;
  readonly #settings: ServerSettings;
  /** The files of the last bundle. */
  #bundle: ReadonlySet<string> = new Set();
  #files: ServedFiles | undefined;
  /** Whether a development server calls the middleware. */
  #isOpen: boolean;
  #hasWarned = false;

  constructor(compiler: Compiler, settings: ServerSettings) {
    this.#compiler = compiler;
    this.#settings = settings;
    this.#isOpen = settings.isOpen;
  }

  /** Adds the middleware, before others, to the compiler's server options, which Rspack's command line uses. */
  open(): void {
    const { options } = this.#compiler;
    const { devServer: given } = options;
    if (given === false) return;
    const setupMiddlewares: NonNullable<typeof given>['setupMiddlewares'] = (middlewares, server) => [
      { name: NAME, middleware: this.middleware(server) as never },
      ...(given?.setupMiddlewares?.(middlewares, server) ?? middlewares),
    ];
    options.devServer = { ...given, setupMiddlewares };
  }

  /** Call this when files may have been created or deleted. */
  invalidate(): void {
    this.#files?.invalidate();
  }

  /** Call this before a bundle is written to memory. If no server calls the middleware, mounts the sources there. */
  async built(compilation: Compilation, log: Pick<HostLog, 'warn'>): Promise<void> {
    this.#bundle = new Set(bundleOf(compilation));
    const { targets } = this.#settings;
    warnOfOutside('Rspack', this.#compiler, targets, this.#directory, log);
    if (!this.#isOpen && !(await this.#mount()) && !this.#hasWarned)
      log.warn(notCopied(targets, this.#compiler.context, NOT_SERVED));
    this.#hasWarned = true;
  }

  async #mount(): Promise<boolean> {
    const { mount } = await import('../../serve/memory.ts');
    const files = await this.#loadFiles();
    files.invalidate();
    await files.refresh();
    const all = files.all().filter((file) => !this.#isBundled(file));
    const placeOf = ({ name }: ServedFile) => path.join(this.#directory, name);
    const plain = all.filter(({ target }) => !target?.transform);
    const output = this.#compiler.outputFileSystem as unknown as typeof import('node:fs');
    if (!mount(output as never, this, new Map(plain.map((file) => [placeOf(file), file.source]))))
      return false;
    for (const file of all) {
      if (!file.target?.transform) continue;
      const destination = placeOf(file);
      const content = await transformed(file.target, { source: file.source, destination, path: file.below });
      output.mkdirSync(path.dirname(destination), { recursive: true });
      output.writeFileSync(destination, content);
    }
    return true;
  }

  /** The middleware for requests. Its code is loaded at the first request. */
  middleware(server: Server): Middleware {
    this.#isOpen = true;
    let loading: Promise<Middleware> | undefined;
    return (request, response, next) => {
      loading ??= this.#load(server);
      loading.then((handle) => handle(request, response, next)).catch(next);
    };
  }

  async #loadFiles(): Promise<ServedFiles> {
    const { ServedFiles } = await import('../../serve/files.ts');
    const { targets, options, logger } = this.#settings;
    const { context: root } = this.#compiler;
    const served = { root, outDir: this.#directory, targets, findsPublicPages: true };
    return (this.#files ??= new ServedFiles(served, options, logger));
  }

  async #load({ options = {} }: Server): Promise<Middleware> {
    const { createMiddleware, hasPackages, pathOfBase } = await import('../../serve/middleware.ts');
    const files = await this.#loadFiles();
    const base = options.devMiddleware?.publicPath ?? this.#compiler.options.output.publicPath;
    const { headers } = options;
    return createMiddleware(
      files,
      {
        pathOf: pathOfBase(pathOf(base)),
        leaves: (file) => this.#isBundled(file),
        headers: typeof headers === 'object' && !Array.isArray(headers) ? { ...headers } : {},
        isUnwatched: hasPackages(this.#settings.targets),
      },
      this.#settings.options,
    );
  }

  /** Whether a build would keep the bundle's file of the same name. */
  #isBundled({ name, target }: ServedFile): boolean {
    const wins = target !== undefined && target.overwrite !== false;
    return !wins && this.#bundle.has(name);
  }

  get #directory(): string {
    return path.resolve(this.#compiler.outputPath);
  }
}

/** The URL path that an output is served below. */
function pathOf(publicPath: unknown): string {
  if (typeof publicPath !== 'string' || publicPath === 'auto') return '/';
  return new URL(publicPath, 'http://localhost/').pathname;
}

const NOT_SERVED = {
  reason:
    'Rspack\'s output is in memory, whose methods cannot be replaced, and no development server was started with the options of the compiler ("compiler.options.devServer"), as Rspack\'s command line and Rsbuild do',
  remedy: 'Start one with these options, or have the output written to the disk.',
};
