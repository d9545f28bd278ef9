import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRealDisk, mount, type OutputFileSystem } from './memory.ts';

/** The parts of a file system in memory that are used. */
function inMemory(frozen?: string) {
  const made: string[] = [];
  const missing = (name: string) => {
    throw new Error(`${name} is not in memory`);
  };
  const output = {
    mkdirSync: (name: string) => void made.push(name),
    existsSync: (name: string) => name === '/out/bundle.js',
    readFileSync: missing,
    stat: (name: string, callback: (error: Error | null) => void) => callback(new Error(name)),
  };
  if (frozen) Object.defineProperty(output, frozen, { writable: false, configurable: false });
  return { output: output as never as OutputFileSystem & typeof output, made };
}

test('files are read from where they are, all else from memory; each owner has its own', () => {
  const root = mkdtempSync(join(tmpdir(), 'reflink-memory-'));
  try {
    const file = join(root, 'a.txt');
    writeFileSync(file, 'content');
    const { output, made } = inMemory();
    const [one, other] = [{}, {}];
    expect(mount(output, one, new Map([['/out/deep/a.txt', file]]))).toBe(true);
    expect(mount(output, other, new Map([['/out/b.txt', file]]))).toBe(true);
    expect(made).toEqual(['/out/deep', '/out']);
    expect(String((output.readFileSync as (name: string) => unknown)('/out/./deep/a.txt'))).toBe('content');
    expect(['/out/b.txt', '/out/bundle.js', '/out/c.txt'].map((name) => output.existsSync(name))).toEqual([
      true,
      true,
      false,
    ]);
    expect(() => output.readFileSync('/out/c.txt')).toThrow('not in memory');
    mount(output, one, new Map());
    expect(output.existsSync('/out/deep/a.txt')).toBe(false);
    expect(output.existsSync('/out/b.txt')).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('an output whose methods cannot be replaced stays as it is', () => {
  const { output } = inMemory('readFileSync');
  const { existsSync } = output;
  expect(mount(output, {}, new Map([['/out/a', '/a']]))).toBe(false);
  expect(output.existsSync).toBe(existsSync);
  expect(mount({} as never, {}, new Map())).toBe(false);
});

test('an output is on the disk if it finds there what everybody does', async () => {
  const file = import.meta.filename;
  expect(await isRealDisk(fs as never, file)).toBe(true);
  expect(await isRealDisk(fs as never, `${file}.missing`)).toBe(false);
  expect(await isRealDisk(inMemory().output, file)).toBe(false);
  const other = {
    stat: (_name: string, done: (error: null, found: object) => void) => done(null, { ino: 1, size: 1 }),
  };
  expect(await isRealDisk(other as never, file)).toBe(false);
});

test('an output on the disk is recognized while somebody creates files in the directory', async () => {
  const root = mkdtempSync(join(tmpdir(), 'reflink-memory-'));
  try {
    const stat = (name: string, done: (error: null, found: fs.Stats) => void) => {
      const found = fs.statSync(name);
      for (let file = 0; file < 100; file++) writeFileSync(join(root, `${file}`.padEnd(100, '-')), '');
      // The size of a directory depends on its entries.
      expect(fs.statSync(name).size).not.toBe(found.size);
      done(null, found);
    };
    expect(await isRealDisk({ stat } as never, root)).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
});
