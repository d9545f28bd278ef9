import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import reflink from 'unplugin-reflink/vite';
import type { InlineConfig, PreviewServer, ViteDevServer } from 'vite';
import { onTestFinished } from 'vitest';
import { collectLog, type Host, type Log, type Options } from './support.ts';

export interface Served {
  origin: string;
  port: number;
  log: Log;
}

export interface Serving extends Served {
  server: ViteDevServer;
}

/** A config without a fallback page for missing files. */
function commonConfig(root: string, options: Options, log: Log, config: InlineConfig): InlineConfig {
  const plugins = [reflink({ report: false, ...options }), ...(config.plugins ?? [])];
  return { configFile: false, root, customLogger: log, appType: 'mpa', ...config, plugins };
}

const listening = { host: '127.0.0.1', port: 0 };

/** Starts Vite's development server. It is closed when the test ends. */
export async function startDev(
  { vite }: Host,
  root: string,
  options: Options,
  config: InlineConfig = {},
): Promise<Serving> {
  const log = collectLog();
  const common = commonConfig(root, options, log, config);
  const server = await vite.createServer({
    ...common,
    server: { ...listening, ...config.server },
    optimizeDeps: { noDiscovery: true },
  });
  onTestFinished(() => server.close());
  await server.listen();
  return { server, log, ...addressOf(server) };
}

/** Builds, and serves the output. The server is closed when the test ends. */
export async function startPreview(
  { vite }: Host,
  root: string,
  options: Options,
  config: InlineConfig = {},
): Promise<Served> {
  const log = collectLog();
  const common = commonConfig(root, options, log, config);
  await vite.build({ ...common, logLevel: 'silent' });
  const server = await vite.preview({ ...common, preview: listening });
  onTestFinished(() => server.close());
  return { log, ...addressOf(server) };
}

function addressOf({ httpServer }: ViteDevServer | PreviewServer): { origin: string; port: number } {
  const address = httpServer!.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return { origin: `http://127.0.0.1:${address.port}`, port: address.port };
}

export interface Answer {
  status: number;
  type: string;
  etag: string | undefined;
  /** One character for each byte. */
  body: string;
  headers: IncomingHttpHeaders;
}

/** The URL of a name in the output, in the only spelling that Vite's own servers know too. */
export const urlOf = (name: string): string => `/${encodeURI(name)}`;

/** Sends a request on a new connection, because before Vite 8 several servers have the same port in succession. */
export function ask(
  { port }: Served,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: OutgoingHttpHeaders } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        const body = Buffer.concat(parts).toString('latin1');
        resolve({
          status: statusCode,
          type: headers['content-type'] ?? '',
          etag: headers.etag,
          body,
          headers,
        });
      });
    });
    sent.setTimeout(200_000, () => sent.destroy(new Error(`no answer to ${path}`)));
    sent.on('error', reject);
    sent.end();
  });
}

/** The answer to a request whose path is sent without any normalization. */
export function askRaw({ port }: Served, path: string, head = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n${head}\r\n`);
    });
    const parts: Buffer[] = [];
    socket.setTimeout(200_000, () => socket.destroy(new Error(`no answer to ${path}`)));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
  });
}
