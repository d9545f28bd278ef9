import fs, { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import xxhash from 'xxhash-wasm';
import { ContentHashes, hashContent } from './content-hashes.ts';
import { stateOf } from './selection.ts';

let root: string;
let file: string;
let store: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-hashes-'));
  file = join(root, 'file');
  store = join(root, 'cache/hashes.json');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const LONG_AGO = new Date('2001-02-03T04:05:06.789Z');

/** Hashes the file as a separate build does, and tells whether the file was read. */
async function hashed(): Promise<{ hash: string; read: boolean }> {
  const open = vi.spyOn(fs.promises, 'open');
  const hashes = new ContentHashes(store);
  const hash = await hashes.hashOf({ file, state: stateOf(file)!.state });
  hashes.save();
  const read = open.mock.calls.length > 0;
  open.mockRestore();
  return { hash, read };
}

/** Sets the clock as if this much time had passed since the file was touched. */
function later(ms: number): void {
  const now = Date.now();
  vi.spyOn(Date, 'now').mockReturnValue(now + ms);
}

test.each([0, 1, 512 * 1024, 512 * 1024 + 1, 3_000_000])('hashes %i bytes as they are', async (size) => {
  const content = Buffer.alloc(size, 'content of a file');
  writeFileSync(file, content);
  const { h64Raw } = await xxhash();
  const hash = h64Raw(content).toString(16).padStart(16, '0');
  expect((await hashed()).hash).toBe(hash);
  expect(await hashContent(content)).toBe(hash);
});

test('a file is read once for each state', async () => {
  writeFileSync(file, 'content');
  later(10_000);
  const first = await hashed();
  expect(first.read).toBe(true);
  expect(await hashed()).toEqual({ hash: first.hash, read: false });
  utimesSync(file, LONG_AGO, LONG_AGO);
  expect(await hashed()).toEqual({ hash: first.hash, read: true });
  writeFileSync(file, 'CONTENT');
  utimesSync(file, LONG_AGO, LONG_AGO);
  const changed = await hashed();
  expect(changed.read).toBe(true);
  expect(changed.hash).not.toBe(first.hash);
});

test('a file that was touched a moment ago may change once more, and is read again', async () => {
  writeFileSync(file, 'content');
  const { ctimeMs } = fs.statSync(file);
  vi.spyOn(Date, 'now').mockReturnValue(ctimeMs + 20);
  await hashed();
  expect(await hashed()).toMatchObject({ read: true });
});

test('one store serves several builds, and forgets files that are gone', async () => {
  const other = join(root, 'other');
  writeFileSync(file, 'content');
  writeFileSync(other, 'other');
  later(10_000);
  const [one, two] = [new ContentHashes(store), new ContentHashes(store)];
  await one.hashOf({ file, state: stateOf(file)!.state });
  await two.hashOf({ file: other, state: stateOf(other)!.state });
  one.save();
  two.save();
  expect(Object.keys(JSON.parse(fs.readFileSync(store, 'utf8')))).toEqual([file, other]);
  rmSync(other);
  writeFileSync(file, 'changed');
  await hashed();
  expect(Object.keys(JSON.parse(fs.readFileSync(store, 'utf8')))).toEqual([file]);
});

test.each(['{', 'null', '[]', '{"file":1}'])('a store with %s in it is none', async (text) => {
  writeFileSync(file, 'content');
  fs.mkdirSync(join(root, 'cache'));
  writeFileSync(store, text);
  expect(await hashed()).toMatchObject({ read: true });
});

test('what cannot be read is an error, and may be readable the next time', async () => {
  writeFileSync(file, 'content');
  const { state } = stateOf(file)!;
  const hashes = new ContentHashes(store);
  rmSync(file);
  await expect(hashes.hashOf({ file, state })).rejects.toMatchObject({ code: 'ENOENT' });
  writeFileSync(file, 'content');
  expect(await hashes.hashOf({ file, state })).toHaveLength(16);
});
