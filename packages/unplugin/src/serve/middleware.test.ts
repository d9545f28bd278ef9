import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { resolveOptions } from '../options/resolve-options.ts';
import type { ServedFiles } from './files.ts';
import { createMiddleware, hasPackages, type Server } from './middleware.ts';

/** Returns what was looked for to answer a request, and how the request ended. */
async function outcomeOf(
  url: string,
  { method = 'GET', accept = '*/*', ...server }: Partial<Server> & { method?: string; accept?: string } = {},
) {
  const log: string[] = [];
  const files = {
    invalidate: () => void log.push('looks again'),
    refresh: async () => {},
    find: (name: string) => {
      log.push(name);
      return name === 'gone.txt'
        ? { source: '/no/such/file', name, below: name, target: undefined }
        : undefined;
    },
  } as unknown as ServedFiles;
  const handle = createMiddleware(
    files,
    {
      pathOf: (given) => given,
      leaves: () => false,
      hides: () => false,
      headers: {},
      isUnwatched: false,
      ...server,
    },
    resolveOptions({}, 'vite'),
  );
  return new Promise<string[]>((resolve) => {
    const response = {
      writeHead(status: number) {
        log.push(String(status));
        return this;
      },
      end: () => resolve(log),
    } as unknown as ServerResponse;
    const request = { method, url, headers: { accept } } as IncomingMessage;
    handle(request, response, (error) => resolve([...log, error ? String(error) : 'next']));
  });
}

test.each<[url: string, given: Parameters<typeof outcomeOf>[1], outcome: string[]]>([
  ['/a.txt', {}, ['a.txt', 'next']],
  ['/a.txt', { method: 'POST' }, ['next']],
  ['/@fs/a.txt', { pathOf: () => undefined }, ['next']],
  ['/a%20b.txt?x#y', {}, ['a b.txt', 'next']],
  ['/a%2Fb.txt', {}, ['next']],
  ['/a%00b', {}, ['next']],
  ['/%E0%A4%A', {}, ['next']],
  ['/a.txt', { hides: () => true }, ['a.txt', '404']],
  ['/gone.txt', {}, ['gone.txt', 'looks again', 'next']],
  ['/gone.txt', { leaves: () => true }, ['gone.txt', 'next']],
  ['/a.txt', { isUnwatched: true, accept: 'text/html' }, ['looks again', 'a.txt', 'next']],
  ['/a.txt', { isUnwatched: true }, ['a.txt', 'next']],
])('a request for %j, %o', async (url, given, outcome) =>
  expect(await outcomeOf(url, given)).toEqual(outcome),
);

test.each([
  ['/project/node_modules/pkg/dist', true],
  ['/project/public', false],
  ['/project/node_modules.md', false],
])('%j is copied from packages: %j', (from, expected) =>
  expect(hasPackages({ publicTargets: [], targets: [{ from }] })).toBe(expected),
);
