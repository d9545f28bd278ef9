import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { CopyError } from 'fs-reflink/host';
import type { ViteDevServer } from 'vite';
import type { ResolvedOptions } from '../../options.ts';
import { sourcesOf } from '../../targets.ts';
import { type ServedFile, ServedFiles } from './files.ts';
import type { Served } from './output.ts';
import { bytesAsContent, type Content, contentOf, respond } from './respond.ts';

type Next = (error?: unknown) => void;

/** Requests that Vite's own modules and client are asked for with. */
const INTERNAL = /^\/@(?:fs|id|vite)\//;
/** Queries by which a module asks for another. */
const MODULE_QUERY = /[?&](?:import|url|raw|inline|worker|sharedworker)\b/;

/** A file is no longer there, or what it was in is none. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);
/** Files that come and go together make one look through all, and one reload. */
const RELOAD_DELAY_MS = 50;

/** Answers with the sources of everything a build would place, below the modules where it is public. */
export function serveFiles(server: ViteDevServer, served: Served, options: ResolvedOptions): void {
  const { logger } = server.config;
  const files = new ServedFiles(served, options, {
    info: (message) => logger.info(message),
    warn: (message) => logger.warn(`unplugin-reflink: ${message}`),
    error: (message) => logger.error(`unplugin-reflink: ${message}`),
  });
  watch(server, files, served);
  if (options.reload) reload(server, files, served);
  place(server, options, createMiddleware(files, { server, served, options }));
}

/** Before Vite's public directory, or in its place where the options name others. */
function place({ middlewares }: ViteDevServer, options: ResolvedOptions, handle: Middleware): void {
  const { stack } = middlewares;
  const at = (name: string) => stack.findIndex((each) => (each.handle as { name?: string }).name === name);
  const own = at('viteServePublicMiddleware');
  const position = own === -1 ? at('viteTransformMiddleware') : own;
  stack.splice(position, own !== -1 && options.publicDirs?.length ? 1 : 0, { route: '', handle });
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

interface Context {
  server: ViteDevServer;
  served: Served;
  options: ResolvedOptions;
}

function createMiddleware(files: ServedFiles, { server, served, options }: Context): Middleware {
  const unwatched = hasUnwatched(server, served);
  return function reflinkServeMiddleware(request, response, next) {
    const { method, url = '', headers } = request;
    if (method !== 'GET' && method !== 'HEAD') return next();
    const name = decode(url);
    if (name === undefined || INTERNAL.test(url)) return next();
    if (unwatched && headers.accept?.includes('text/html')) files.invalidate();
    const file = files.find(name);
    if (!file && isLeftOut(server, options, name)) {
      response.writeHead(404).end();
      return;
    }
    if (!file || isLeftToVite(server, file, url)) return next();
    read(file, options)
      .catch((error: unknown) => {
        if (!GONE.has((error as NodeJS.ErrnoException).code)) throw error;
        files.invalidate();
      })
      .then((content) => {
        if (!content) return next();
        return respond(request, response, {
          name: file.name,
          content,
          headers: server.config.server.headers,
        });
      })
      .catch((error: unknown) => {
        if (!response.headersSent) next(error);
        else response.destroy();
      });
  };
}

/** A request's path as a name in the output, if it can be one; a slash that is encoded is no slash. */
function decode(url: string): string | undefined {
  const [pathname] = url.split(/[?#]/, 1);
  try {
    const parts = pathname!.slice(1).split('/').map(decodeURIComponent);
    return parts.some((part) => /[/\0]/.test(part)) ? undefined : parts.join('/');
  } catch {
    return undefined;
  }
}

/** Whether a build would have something else there, or nothing but a module. */
function isLeftToVite({ config, environments }: ViteDevServer, file: ServedFile, url: string): boolean {
  const { root, publicDir } = config;
  const { source, name, target } = file;
  const inProject = path.join(root, name);
  const isPublic = () => isPublicForVite(publicDir, name);
  // A module that is the URL of a public file is Vite's, too.
  if (MODULE_QUERY.test(url) && (isPublic() || isFile(inProject))) return true;
  if (!target) return /\.html?$/.test(name) && isFile(inProject);
  if (target.overwrite === false) {
    return isFile(inProject) || isPublic();
  }
  // A source that is served under its own name, and imported under it too.
  const modules = environments.client!.moduleGraph.getModulesByFile(source.split(path.sep).join('/'));
  return source === inProject && !target.transform && (modules?.size ?? 0) > 0;
}

/** Whether Vite takes for public, and would complain about, what a build leaves out. */
function isLeftOut({ config }: ViteDevServer, { publicDirs }: ResolvedOptions, name: string): boolean {
  const isOurs = publicDirs !== undefined && publicDirs.length > 0;
  return isOurs && isPublicForVite(config.publicDir, name) && !isFile(path.join(config.root, name));
}

function isPublicForVite(publicDir: string, name: string): boolean {
  return publicDir !== '' && isFile(path.join(publicDir, name));
}

async function read(
  { source, target, name, below }: ServedFile,
  { engine }: ResolvedOptions,
): Promise<Content> {
  const status = engine.symlinks === 'keep' ? fs.lstatSync(source) : fs.statSync(source);
  if (!status.isFile()) throw Object.assign(new Error(`${source} is no file`), { code: 'ENOENT' });
  if (!target?.transform) return contentOf(source);
  try {
    const made = await target.transform(fs.readFileSync(source), { source, path: below });
    const bytes = Buffer.from(made as Uint8Array);
    return bytesAsContent(bytes, `W/"${createHash('sha256').update(bytes).digest('base64url')}"`);
  } catch (cause) {
    const reason = `transform failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CopyError({ code: 'ERR_TRANSFORM', reason, source, destination: name, cause });
  }
}

function watch({ watcher }: ViteDevServer, files: ServedFiles, { watched }: Served): void {
  // Vite watches the project already.
  watcher.add(watched.outside);
  watcher.on('all', (event, file) => {
    if (event !== 'change' && isWatched(file, watched)) files.invalidate();
  });
}

function reload({ watcher, environments }: ViteDevServer, files: ServedFiles, { watched }: Served): void {
  let changed: string[] = [];
  let copied = false;
  const send = () => {
    if (copied || changed.some((file) => files.isCopied(file, 'now')))
      environments.client!.hot.send({ type: 'full-reload', path: '*' });
    changed = [];
    copied = false;
  };
  watcher.on('all', (_event, given) => {
    const file = path.resolve(given);
    if (!isWatched(file, watched)) return;
    if (changed.length === 0) setTimeout(send, RELOAD_DELAY_MS).unref();
    changed.push(file);
    copied ||= files.isCopied(file, 'before');
  });
}

function isWatched(file: string, { paths }: Served['watched']): boolean {
  return paths.some((each) => file === each || path.resolve(file).startsWith(each + path.sep));
}

/** Vite's watcher never looks into packages: what is copied from there is looked through with every page. */
function hasUnwatched({ config }: ViteDevServer, { targets }: Served): boolean {
  const all = [...targets.publicTargets, ...targets.targets];
  return (
    config.server.watch === null || all.flatMap(sourcesOf).some((from) => /[\\/]node_modules[\\/]/.test(from))
  );
}

function isFile(file: string): boolean {
  try {
    return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    // Too long a name, for instance: whoever opens it says so.
    return false;
  }
}
