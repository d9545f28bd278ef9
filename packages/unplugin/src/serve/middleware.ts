import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { ResolvedOptions } from '../options/options.ts';
import { transformed } from '../output/transformed.ts';
import { allSourcesOf, type OutputTargets } from '../targets/targets.ts';
import type { ServedFile, ServedFiles } from './files.ts';
import { bytesAsContent, type Content, contentOf, respond } from './respond.ts';

type Next = (error?: unknown) => void;
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

/** The properties of a development server that decide how a request is answered. */
export interface Server {
  /** The path of a request below the output, with a leading slash. Undefined if the path is not in the output. */
  pathOf(url: string): string | undefined;
  /** Whether the server itself answers a request for a file. By default, it answers none. */
  leaves?(file: ServedFile, url: string): boolean;
  /** Whether the answer is "not found" for a name that no copied file has. By default, the server answers. */
  hides?(name: string): boolean;
  /** The user's response headers. */
  headers?: Record<string, unknown>;
  /** Whether no event tells that files were created or deleted: then the sources are scanned again for every page. */
  isUnwatched: boolean;
}

/** The codes of errors for a file that no longer exists. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/** Answers requests with the sources of what a build would copy. */
export function createMiddleware(files: ServedFiles, server: Server, options: ResolvedOptions): Middleware {
  return function reflinkServeMiddleware(request, response, next) {
    answer(request, response, next).catch((error: unknown) => {
      if (!response.headersSent) next(error);
      else response.destroy();
    });
  };

  async function answer(...[request, response, next]: Parameters<Middleware>): Promise<void> {
    const { method, url = '', headers } = request;
    if (method !== 'GET' && method !== 'HEAD') return next();
    const pathname = server.pathOf(url);
    const name = pathname === undefined ? undefined : decode(pathname);
    if (name === undefined) return next();
    if (server.isUnwatched && headers.accept?.includes('text/html')) files.invalidate();
    await files.refresh();
    const file = files.find(name);
    if (!file && server.hides?.(name)) {
      response.writeHead(404).end();
      return;
    }
    if (!file || server.leaves?.(file, url)) return next();
    const content = await read(file, options).catch((error: unknown) => {
      if (!GONE.has((error as NodeJS.ErrnoException).code)) throw error;
      files.invalidate();
    });
    if (!content) return next();
    await respond(request, response, { name: file.name, content, headers: server.headers ?? {} });
  }
}

/** Returns {@link Server.pathOf} for a server that serves the output below a path. */
export function pathOfBase(base: string): Server['pathOf'] {
  const start = base.endsWith('/') ? base : `${base}/`;
  return (url) => (url.startsWith(start) ? url.slice(start.length - 1) : undefined);
}

/** Whether something is copied from packages, which watchers do not watch. */
export function hasPackages(targets: OutputTargets): boolean {
  return allSourcesOf(targets).some((from) => /[\\/]node_modules[\\/]/.test(from));
}

/** The path of a request as a name in the output. Undefined if it cannot be one, as with an encoded slash in it. */
function decode(url: string): string | undefined {
  const [pathname] = url.split(/[?#]/, 1);
  try {
    const parts = pathname!.slice(1).split('/').map(decodeURIComponent);
    if (parts.some((part) => /[/\0]/.test(part))) return undefined;
    // Servers of files do the same: a URL that a program joins may have a slash too many.
    if (/^\.\.?$/.test(parts.at(-1)!)) parts.push('');
    return path.posix.normalize(`/${parts.join('/')}`).slice(1);
  } catch {
    return undefined;
  }
}

async function read(
  { source, target, name, below }: ServedFile,
  { engine }: ResolvedOptions,
): Promise<Content> {
  const { symlinks = engine.symlinks } = target ?? {};
  const status = symlinks === 'keep' ? fs.lstatSync(source) : fs.statSync(source);
  if (!status.isFile()) throw Object.assign(new Error(`${source} is no file`), { code: 'ENOENT' });
  if (!target?.transform) return contentOf(source);
  const bytes = await transformed(target, { source, destination: name, path: below });
  return bytesAsContent(bytes, `W/"${createHash('sha256').update(bytes).digest('base64url')}"`);
}
