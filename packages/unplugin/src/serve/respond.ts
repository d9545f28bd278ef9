import fs from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fresh from 'fresh';
import { lookup } from 'mrmime';
import parseRange from 'range-parser';

/** The extensions by which Vite's servers recognize compressed files. */
const ENCODINGS = new Map([
  ['.gz', 'gzip'],
  ['.br', 'br'],
]);

/** The content of an answer: an unchanged file, or bytes that a transform made of one. */
export interface Content {
  size: number;
  etag: string;
  modified?: Date;
  /** Bytes from `start` up to and including `end`. */
  read(start: number, end: number): Readable;
  close(): Promise<void>;
}

export async function contentOf(file: string): Promise<Content> {
  const handle = await fs.open(file);
  const { size, mtime } = await handle.stat();
  return {
    size,
    modified: mtime,
    // The same as that of sirv, which serves Vite's previews: copies have the modification times of their sources.
    etag: `W/"${size}-${mtime.getTime()}"`,
    read: (start, end) => handle.createReadStream({ start, end, autoClose: false }),
    close: () => handle.close(),
  };
}

export function bytesAsContent(bytes: Buffer, etag: string): Content {
  return {
    size: bytes.length,
    etag,
    read: (start, end) => Readable.from([bytes.subarray(start, end + 1)]),
    close: async () => {},
  };
}

/** Answers a GET or HEAD request: with a part or with "not modified" if it asks for that. Closes the content. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { name, content, headers }: { name: string; content: Content; headers: Record<string, unknown> },
): Promise<void> {
  try {
    const { etag, modified, size } = content;
    const lastModified = modified?.toUTCString();
    response.setHeader('ETag', etag);
    if (lastModified) response.setHeader('Last-Modified', lastModified);
    response.setHeader('Cache-Control', 'no-cache');
    response.setHeader('Accept-Ranges', 'bytes');
    const encoding = ENCODINGS.get(path.extname(name));
    if (encoding) response.setHeader('Content-Encoding', encoding);
    const type = typeOf(encoding ? name.slice(0, -path.extname(name).length) : name);
    if (type) response.setHeader('Content-Type', type);
    for (const [header, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(header, value as string);
    }
    if (fresh(request.headers, { etag, 'last-modified': lastModified })) {
      response.removeHeader('Content-Type');
      response.writeHead(304).end();
      return;
    }
    const part = partOf(request, size, lastModified);
    if (part === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${size}`);
      response.writeHead(416).end();
      return;
    }
    const { start, end } = part ?? { start: 0, end: size - 1 };
    if (part) response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`);
    response.setHeader('Content-Length', end - start + 1);
    response.writeHead(part ? 206 : 200);
    if (request.method === 'HEAD' || end < start) response.end();
    else await pipeline(content.read(start, end), response);
  } finally {
    await content.close();
  }
}

function typeOf(name: string): string | undefined {
  // As in Vite: ".ts" is TypeScript, and not an MPEG transport stream.
  if (/\.(?:[tj]sx?|[cm][tj]s)$/.test(name)) return 'text/javascript';
  const type = lookup(name);
  return type === 'text/html' ? 'text/html;charset=utf-8' : type;
}

type Part = { start: number; end: number };

/** The range that a request asks for. A request for several ranges gets the whole content, which HTTP allows. */
function partOf(
  { method, headers }: IncomingMessage,
  size: number,
  lastModified: string | undefined,
): Part | 'unsatisfiable' | undefined {
  const { range, 'if-range': condition } = headers;
  if (method !== 'GET' || range === undefined) return undefined;
  // A weak ETag promises nothing about single bytes.
  if (condition !== undefined && condition !== lastModified) return undefined;
  // A suffix that is longer than the content means the whole content. The parser reports it as an error.
  const asked = range.replace(/(?<=[=,]\s*)-(\d+)/g, (last, length) => (Number(length) > size ? '0-' : last));
  const ranges = parseRange(size, asked, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}
