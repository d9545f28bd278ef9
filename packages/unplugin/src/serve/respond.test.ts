import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesAsContent, respond } from './respond.ts';

const BYTES = Buffer.from('0123456789');
let server: Server;
let closed = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    const content = bytesAsContent(BYTES, 'W/"tag"');
    const counted = {
      ...content,
      modified: new Date('2001-02-03T04:05:06Z'),
      close: async () => void closed++,
    };
    void respond(request, response, {
      name: request.url!.slice(1),
      content: counted,
      headers: { 'X-Own': 'yes', 'X-None': undefined },
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

const ask = (name: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`, {
    method,
    // Otherwise fetch sends "no-cache" with a conditional request, and never gets "not modified".
    headers: { 'accept-encoding': 'identity', 'cache-control': 'max-age=0', ...headers },
  });

const modified = 'Sat, 03 Feb 2001 04:05:06 GMT';
test.each<[what: string, headers: Record<string, string>, status: number, body: string, range?: string]>([
  ['all of it', {}, 200, '0123456789'],
  ['a part', { range: 'bytes=2-4' }, 206, '234', 'bytes 2-4/10'],
  ['the end', { range: 'bytes=-3' }, 206, '789', 'bytes 7-9/10'],
  ['more than there is from the end', { range: 'bytes=-30' }, 206, '0123456789', 'bytes 0-9/10'],
  ['what is behind the end', { range: 'bytes=20-' }, 416, '', 'bytes */10'],
  ['two parts: all of it', { range: 'bytes=0-1,5-6' }, 200, '0123456789'],
  ['a part of what it knows', { range: 'bytes=0-1', 'if-range': modified }, 206, '01', 'bytes 0-1/10'],
  ['a part of an older one: all of it', { range: 'bytes=0-1', 'if-range': 'W/"tag"' }, 200, '0123456789'],
  ['what it knows by its tag', { 'if-none-match': 'W/"tag"' }, 304, ''],
  ['what it knows by its time', { 'if-modified-since': modified }, 304, ''],
  ['another tag', { 'if-none-match': 'W/"other"' }, 200, '0123456789'],
])('a request for %s', async (_what, headers, status, body, range) => {
  const before = closed;
  const response = await ask('a.txt', headers);
  expect([
    response.status,
    await response.text(),
    response.headers.get('content-range') ?? undefined,
  ]).toEqual([status, body, range]);
  expect(response.headers.get('x-own')).toBe('yes');
  expect(closed).toBe(before + 1);
});

test.each([
  ['page.html', 'text/html;charset=utf-8', null],
  ['module.ts', 'text/javascript', null],
  ['module.mjs', 'text/javascript', null],
  ['image.png', 'image/png', null],
  ['unknown.xyzzy', null, null],
  ['data.json.gz', 'application/json', 'gzip'],
  ['script.js.br', 'text/javascript', 'br'],
])('%s has the type %j and the encoding %j', async (name, type, encoding) => {
  const response = await ask(name, {}, 'HEAD');
  expect([response.headers.get('content-type'), response.headers.get('content-encoding')]).toEqual([
    type,
    encoding,
  ]);
  expect(response.headers.get('content-length')).toBe('10');
});
