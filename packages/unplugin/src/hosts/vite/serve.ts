import fs from 'node:fs';
import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import type { ViteDevServer } from 'vite';
import type { ResolvedOptions } from '../../options/options.ts';
import { namedLog } from '../../output/log.ts';
import { type ServedFile, ServedFiles } from '../../serve/files.ts';
import { createMiddleware, hasPackages, type Middleware, type Server } from '../../serve/middleware.ts';
import type { Served } from './output.ts';

/** Paths of requests for Vite's client and internal modules. */
const INTERNAL = /^\/@(?:fs|id|vite)\//;
/** Queries with which a module imports another one. */
const MODULE_QUERY = /[?&](?:import|url|raw|inline|worker|sharedworker)\b/;
/** Queries with which Vite makes a module of a public file. */
const PUBLIC_MODULE_QUERY = /[?&](?:import|url)\b/;

/** Files that change within this time cause one refresh of the list and one reload. */
const RELOAD_DELAY_MS = 50;

/** Serves the sources of all files that a build would copy. */
export function serveFiles(server: ViteDevServer, served: Served, options: ResolvedOptions): void {
  const files = new ServedFiles(served, options, namedLog(server.config.logger));
  watch(server, files, served);
  if (options.reload) reload(server, files, served);
  useFirst(server, options, createMiddleware(files, serverOf(server, served, options), options));
}

/** Inserts a middleware before Vite's one for public files, or replaces that one if the options name directories. */
function useFirst({ middlewares }: ViteDevServer, options: ResolvedOptions, handle: Middleware): void {
  const { stack } = middlewares;
  const at = (name: string) => stack.findIndex((each) => (each.handle as { name?: string }).name === name);
  const own = at('viteServePublicMiddleware');
  // Without a public directory, this is where Vite would insert that one: before those for modules and the bundle.
  const position = own === -1 ? at('viteHMRPingMiddleware') + 1 : own;
  stack.splice(position, own !== -1 && options.publicDirs?.length ? 1 : 0, { route: '', handle });
}

function serverOf(server: ViteDevServer, { targets }: Served, options: ResolvedOptions): Server {
  return {
    pathOf: (url) => (INTERNAL.test(url) ? undefined : url),
    leaves: (file, url) => isLeftToVite(server, file, url),
    hides: (name) => isLeftOut(server, options, name),
    get headers() {
      return server.config.server.headers;
    },
    isUnwatched: server.config.server.watch === null || hasPackages(targets),
  };
}

/** Whether Vite handles a request: a build would have another file under this name, or this file only as a module. */
function isLeftToVite({ config, environments }: ViteDevServer, file: ServedFile, url: string): boolean {
  const { root, publicDir } = config;
  const { source, name, target } = file;
  const inProject = path.join(root, name);
  const isPublic = () => isPublicForVite(publicDir, name);
  if (MODULE_QUERY.test(url) && isFile(inProject)) return true;
  if (PUBLIC_MODULE_QUERY.test(url) && isPublic()) return true;
  if (!target) return /\.html?$/.test(name) && isFile(inProject);
  if (target.overwrite === false) {
    return isFile(inProject) || isPublic();
  }
  // Modules import the source by the same path under which it is served.
  const modules = environments.client!.moduleGraph.getModulesByFile(source.split(path.sep).join('/'));
  return source === inProject && !target.transform && (modules?.size ?? 0) > 0;
}

/** Whether Vite would take a file for public, and warn about its URL, although a build skips the file. */
function isLeftOut({ config }: ViteDevServer, { publicDirs }: ResolvedOptions, name: string): boolean {
  const isOurs = publicDirs !== undefined && publicDirs.length > 0;
  return isOurs && isPublicForVite(config.publicDir, name) && !isFile(path.join(config.root, name));
}

function isPublicForVite(publicDir: string, name: string): boolean {
  return publicDir !== '' && isFile(path.join(publicDir, name));
}

function watch({ watcher }: ViteDevServer, files: ServedFiles, { watched }: Served): void {
  // Vite watches the project already.
  watcher.add(watched.outside);
  watcher.on('all', (event, file) => {
    if (!isWatched(file, watched)) return;
    // Vite's watcher reports a directory that replaces a file at once as a change of that file.
    if (event !== 'change' || !isFile(file)) files.invalidate();
  });
}

function reload({ watcher, environments }: ViteDevServer, files: ServedFiles, { watched }: Served): void {
  let changed: string[] = [];
  let copied = false;
  const send = async () => {
    const [were, wereCopied] = [changed, copied];
    changed = [];
    copied = false;
    await files.refresh();
    if (wereCopied || were.some((file) => files.isCopied(file)))
      environments.client!.hot.send({ type: 'full-reload', path: '*' });
  };
  watcher.on('all', (_event, given) => {
    const file = path.resolve(given);
    if (!isWatched(file, watched)) return;
    if (changed.length === 0) setTimeout(send, RELOAD_DELAY_MS).unref();
    changed.push(file);
    copied ||= files.isCopied(file);
  });
}

function isWatched(file: string, { paths }: Served['watched']): boolean {
  return paths.some((each) => isInside(each, path.resolve(file)));
}

function isFile(file: string): boolean {
  try {
    return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    // For example, the name is too long. Opening the file reports the error.
    return false;
  }
}
