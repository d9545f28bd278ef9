import path from 'node:path';
import type { Compilation, Compiler } from '@rspack/core';
import type { HostLog } from '../../build.ts';
import { NAME } from '../../compilers.ts';
import { isInside } from '../../nested.ts';
import { notCopied } from '../../not-copied.ts';
import type { ResolvedOptions } from '../../options.ts';
import type { ServedFile, ServedFiles } from '../../serve/files.ts';
import type { Middleware } from '../../serve/middleware.ts';
import type { OutputTargets } from '../../targets.ts';
import { bundleOf } from './bundle.ts';

interface Server {
  options?: { devMiddleware?: { publicPath?: unknown }; headers?: unknown };
}

/** What a development server answers with, whose output is in memory: sources of what a build would copy. */
export class DevelopmentServer {
  readonly #compiler: Compiler;
  readonly #targets: OutputTargets;
  readonly #options: ResolvedOptions;
  readonly #logger: HostLog;
  /** The files of the last bundle. */
  #bundle: ReadonlySet<string> = new Set();
  #files: ServedFiles | undefined;
  /** Whether a server asks us. */
  #isOpen: boolean;
  #hasWarned = false;

  constructor(
    compiler: Compiler,
    given: { targets: OutputTargets; options: ResolvedOptions; logger: HostLog; isOpen: boolean },
  ) {
    this.#compiler = compiler;
    this.#targets = given.targets;
    this.#options = given.options;
    this.#logger = given.logger;
    this.#isOpen = given.isOpen;
  }

  /** Has the server of Rspack's command line, or any that is given the compiler's options, ask us first. */
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

  /** Files may have come or gone. */
  invalidate(): void {
    this.#files?.invalidate();
  }

  /** A bundle is in memory. Warns of what nobody serves. */
  built(compilation: Compilation, log: Pick<HostLog, 'warn'>): void {
    this.#bundle = new Set(bundleOf(compilation));
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { context } = this.#compiler;
    if (!this.#isOpen) {
      log.warn(notCopied(this.#targets, context, NOT_SERVED));
      return;
    }
    const directory = this.#directory;
    const targets = this.#targets.targets.filter(
      ({ to = '.' }) => !isInside(directory, path.resolve(directory, to)),
    );
    if (targets.length > 0) log.warn(notCopied({ publicTargets: [], targets }, context, OUTSIDE));
  }

  /** Answers requests. What it takes is loaded with the first of them. */
  middleware(server: Server): Middleware {
    this.#isOpen = true;
    let loading: Promise<Middleware> | undefined;
    return (request, response, next) => {
      loading ??= this.#load(server);
      loading.then((handle) => handle(request, response, next)).catch(next);
    };
  }

  async #load({ options = {} }: Server): Promise<Middleware> {
    const [{ ServedFiles }, { createMiddleware, hasPackages }] = await Promise.all([
      import('../../serve/files.ts'),
      import('../../serve/middleware.ts'),
    ]);
    const { context: root } = this.#compiler;
    const served = { root, outDir: this.#directory, targets: this.#targets, findsPublicPages: true };
    const files = new ServedFiles(served, this.#options, this.#logger);
    this.#files = files;
    const base = baseOf(options.devMiddleware?.publicPath ?? this.#compiler.options.output.publicPath);
    const { headers } = options;
    return createMiddleware(
      files,
      {
        pathOf: (url) => (url.startsWith(base) ? url.slice(base.length - 1) : undefined),
        leaves: (file) => this.#isBundled(file),
        hides: () => false,
        headers: typeof headers === 'object' && !Array.isArray(headers) ? { ...headers } : {},
        isUnwatched: hasPackages(this.#targets),
      },
      this.#options,
    );
  }

  /** Whether a build would have the bundle's file there. */
  #isBundled({ name, target }: ServedFile): boolean {
    const wins = target !== undefined && target.overwrite !== false;
    return !wins && this.#bundle.has(name);
  }

  get #directory(): string {
    return path.resolve(this.#compiler.outputPath);
  }
}

/** The path that an output is served below, with a slash at both ends. */
function baseOf(publicPath: unknown): string {
  if (typeof publicPath !== 'string' || publicPath === 'auto') return '/';
  const { pathname } = new URL(publicPath, 'http://localhost/');
  return pathname.endsWith('/') ? pathname : `${pathname}/`;
}

const NOT_SERVED = {
  reason:
    'Rspack\'s output is in memory, and its development server was not started with the options of the compiler ("compiler.options.devServer"), as Rspack\'s command line and Rsbuild do',
  remedy: 'Start it with these options, or have the output written to the disk.',
};

const OUTSIDE = {
  reason: "Rspack's output is in memory, as for a development server, and these targets lie outside of it",
  remedy:
    'Have them copied by a build that writes to the disk, or let "to" lead into the output ("output.path").',
};
