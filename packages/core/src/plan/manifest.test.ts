import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Manifest } from './manifest.ts';
import { isKnown, RECORD_WORDS } from './record.ts';

const CWD = '/project';
const PRINT = 'options';

let home: string;
let file: string;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-manifest-'));
  file = path.join(home, 'cache', 'manifest');
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

/** Records in which every word can be told from the others. */
function recordsOf(names: readonly string[], base = 1): Uint32Array {
  return Uint32Array.from({ length: names.length * RECORD_WORDS }, (_word, index) => base + index);
}

function read(options: { cwd?: string; print?: string } = {}): { manifest: Manifest; warnings: string[] } {
  const warnings: string[] = [];
  const manifest = Manifest.read(file, options.cwd ?? CWD, options.print ?? PRINT, (message) =>
    warnings.push(message),
  );
  return { manifest, warnings };
}

const folders: [directory: string, names: string[], base: number][] = [
  ['/project/out', ['a', 'b', 'naïve 文件 😀', '"quoted"\n'], 1],
  ['/project/out/below', ['c'], 1000],
];

function write(): void {
  const manifest = new Manifest(CWD, PRINT);
  for (const [directory, names, base] of folders) manifest.add(directory, names, recordsOf(names, base));
  manifest.write(file);
}

test('what was written is read again, and nothing is left beside it', () => {
  write();
  const { manifest, warnings } = read();
  expect(warnings).toEqual([]);
  expect([...manifest.folders.keys()]).toEqual(folders.map(([directory]) => directory));
  for (const [directory, names, base] of folders) {
    expect(manifest.take(directory, names)).toEqual(recordsOf(names, base));
  }
  expect(fs.readdirSync(path.dirname(file))).toEqual(['manifest']);
});

test('records are found by name, in any order', () => {
  write();
  const { manifest } = read();
  const records = manifest.take('/project/out', ['new', 'b', 'a'])!;
  const all = recordsOf(folders[0]![1]);
  expect(isKnown(records, 0)).toBe(false);
  expect(records.subarray(RECORD_WORDS, 2 * RECORD_WORDS)).toEqual(
    all.subarray(RECORD_WORDS, 2 * RECORD_WORDS),
  );
  expect(records.subarray(2 * RECORD_WORDS)).toEqual(all.subarray(0, RECORD_WORDS));
  expect([...manifest.stale()].map(({ directory, name }) => `${directory}/${name}`)).toEqual([
    '/project/out/naïve 文件 😀',
    '/project/out/"quoted"\n',
    '/project/out/below/c',
  ]);
});

test('an unknown directory has no records', () => {
  write();
  expect(read().manifest.take('/project/elsewhere', ['a'])).toBeUndefined();
});

test('files that were not placed are not written', () => {
  const manifest = new Manifest(CWD, PRINT);
  const records = recordsOf(['a', 'b']);
  records.fill(0, 0, RECORD_WORDS);
  manifest.add('/project/out', ['a', 'b'], records);
  manifest.write(file);
  expect(read().manifest.folders.get('/project/out')!.names).toEqual(['b']);
});

test('what is planned again is forgotten until it is placed', () => {
  write();
  const { manifest } = read();
  manifest.take('/project/out', ['a']);
  manifest.dropTaken();
  expect(manifest.folders.get('/project/out')!.names).not.toContain('a');
  manifest.add('/project/out', ['a'], recordsOf(['a']));
  expect(manifest.folders.get('/project/out')!.names).toContain('a');
});

test('of a run with other options only the destinations are known', () => {
  write();
  const records = read({ print: 'other options' }).manifest.take('/project/out', ['a', 'b'])!;
  expect(isKnown(records, 0)).toBe(false);
  expect(records[RECORD_WORDS - 1]).not.toBe(0);
});

test('one that is missing is as good as none, without a warning', () => {
  const { manifest, warnings } = read();
  expect([manifest.folders.size, warnings]).toEqual([0, []]);
});

test('one of another place is as good as none: it was moved along with its project', () => {
  write();
  expect(read({ cwd: '/moved' }).manifest.folders.size).toBe(0);
});

test('one that cannot be read is an error', () => {
  fs.mkdirSync(file, { recursive: true });
  expect(read).toThrow('EISDIR');
});

test('one that cannot be written is an error, and the old one stays', () => {
  write();
  const before = fs.readFileSync(file);
  fs.mkdirSync(path.join(home, 'directory'));
  expect(() => new Manifest(CWD, PRINT).write(path.join(home, 'directory'))).toThrow('EISDIR');
  expect(fs.readdirSync(home).sort()).toEqual(['cache', 'directory']);
  expect(fs.readFileSync(file).equals(before)).toBe(true);
});

describe('a damaged one is ignored with a warning', () => {
  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('{"version":1,"files":["a"]}'.repeat(10))],
    [
      'of a later version',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('manifest 1', 'manifest 2'), 'latin1'),
    ],
    ['cut short by a byte', (bytes) => bytes.subarray(0, -1)],
    ['longer by a byte', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['cut within its header', (bytes) => bytes.subarray(0, 30)],
    ['with a header that is no JSON', (bytes) => Buffer.from(bytes).fill(0x7b, 40, 60)],
  ])('%s', (_title, damage) => {
    write();
    fs.writeFileSync(file, damage(fs.readFileSync(file)));
    const { manifest, warnings } = read();
    expect(manifest.folders.size).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('is damaged and was ignored')]);
  });

  test('whichever byte is wrong, it is read or ignored and nothing throws', () => {
    write();
    const bytes = fs.readFileSync(file);
    for (let position = 0; position < bytes.length; position++) {
      const damaged = Buffer.from(bytes);
      damaged[position]! ^= 1 << (position % 8);
      fs.writeFileSync(file, damaged);
      const { manifest } = read();
      for (const [directory, names] of folders) manifest.take(directory, names);
      for (const { name } of manifest.stale()) expect(name).toBeTypeOf('string');
      manifest.dropTaken();
    }
  });
});
