import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadSystem } from '../platform/load.ts';
import { FileStatus } from '../platform/status.ts';
import { Manifest } from './manifest.ts';
import { isKnown, RECORD_WORDS, rememberDestination } from './record.ts';

const CWD = '/project';
const PRINT = 'options';
const system = loadSystem();

let home: string;
let file: string;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-manifest-'));
  file = path.join(home, 'cache', 'manifest');
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

/** Records in which every word has a different value. */
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
  manifest.write(file, system);
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

test('a name that is not Unicode is kept as it is', () => {
  const names = ['half \ud83d', '\udcff'];
  const manifest = new Manifest(CWD, PRINT);
  manifest.add('/project/out', names, recordsOf(names));
  manifest.write(file, system);
  expect(read().manifest.folders.get('/project/out')!.names).toEqual(names);
});

test.each(['', 'x', 'xx', 'xxx'])('what is unchanged and what is new come together again (%j)', (more) => {
  const one = new Manifest(CWD, PRINT);
  one.add('/project/out', ['a', `b${more}`], recordsOf(['', '']));
  one.write(file, system);
  const { manifest } = read();
  expect(manifest.keep('/project/out', 2)).toBe(true);
  expect(manifest.take('/project/out', ['c'])).toEqual(new Uint32Array(RECORD_WORDS));
  manifest.add('/project/out', ['c'], recordsOf(['c'], 700));
  manifest.write(file, system);
  const again = read().manifest;
  expect(again.folders.get('/project/out')!.names).toEqual(['a', `b${more}`, 'c']);
  expect(again.take('/project/out', ['c'])).toEqual(recordsOf(['c'], 700));
});

test('an unknown directory has no records', () => {
  write();
  expect(read().manifest.take('/project/elsewhere', ['a'])).toBeUndefined();
});

test('files that were not copied are not written', () => {
  const manifest = new Manifest(CWD, PRINT);
  const records = recordsOf(['a', 'b']);
  records.fill(0, 0, RECORD_WORDS);
  manifest.add('/project/out', ['a', 'b'], records);
  manifest.write(file, system);
  expect(read().manifest.folders.get('/project/out')!.names).toEqual(['b']);
});

test('what is planned again is forgotten until it is copied', () => {
  write();
  const { manifest } = read();
  manifest.take('/project/out', ['a', 'b']);
  manifest.add('/project/out', ['b'], recordsOf(['b'], 500));
  manifest.write(file, system);
  expect(read().manifest.folders.get('/project/out')!.names).toEqual(['naïve 文件 😀', '"quoted"\n', 'b']);
  expect(read().manifest.take('/project/out', ['b'])).toEqual(recordsOf(['b'], 500));
});

test('a link at a name that the manifest is written by is not followed', () => {
  write();
  const victim = path.join(home, 'victim');
  fs.writeFileSync(victim, 'precious');
  for (const name of [`${file}.${process.pid}.tmp`, `${file}.tmp`]) fs.symlinkSync(victim, name);
  write();
  expect(fs.readFileSync(victim, 'utf8')).toBe('precious');
  expect(fs.lstatSync(file).isFile()).toBe(true);
});

test('to write a manifest copies each record once, however many parts a directory comes in', () => {
  const manifest = new Manifest(CWD, PRINT);
  const parts = 400;
  const set = vi.spyOn(Uint32Array.prototype, 'set');
  let words: number;
  try {
    for (let part = 0; part < parts; part++)
      manifest.add('/project/out', [`${part}`], recordsOf([''], part + 1));
    manifest.write(file, system);
    words = set.mock.calls.reduce((sum, [from]) => sum + from.length, 0);
  } finally {
    set.mockRestore();
  }
  expect(words).toBeLessThanOrEqual(2 * parts * RECORD_WORDS);
  expect(read().manifest.take('/project/out', ['399'])).toEqual(recordsOf([''], 400));
});

describe('of very many files', () => {
  const DIRECTORIES = 60;
  const namesIn = (directory: number) => Array.from({ length: 1000 }, (_, file) => `${directory} "${file}"`);
  const pathOf = (directory: number) => `/project/out/${directory}`;

  function fill(manifest: Manifest): void {
    for (let directory = 0; directory < DIRECTORIES; directory++) {
      const names = namesIn(directory);
      const records = recordsOf(names, directory + 1);
      // In two parts, like batches.
      manifest.add(pathOf(directory), names.slice(0, 64), records.subarray(0, 64 * RECORD_WORDS));
      manifest.add(pathOf(directory), names.slice(64), records.subarray(64 * RECORD_WORDS));
    }
  }

  function writeMany(): void {
    const manifest = new Manifest(CWD, PRINT, file);
    fill(manifest);
    manifest.write(file, system);
    manifest.close();
  }

  test('what is known is put aside while the copy goes on, and read a directory at a time', () => {
    const opened = vi.spyOn(fs, 'openSync');
    const read_ = vi.spyOn(fs, 'readSync');
    try {
      writeMany();
      expect(opened.mock.calls.filter(([, flags]) => flags === 'wx+')).toHaveLength(1);
      expect(fs.readdirSync(path.dirname(file))).toEqual(['manifest']);
      read_.mockClear();
      const { manifest, warnings } = read();
      for (let directory = DIRECTORIES - 1; directory >= 0; directory--) {
        const names = namesIn(directory);
        expect(manifest.take(pathOf(directory), names)).toEqual(recordsOf(names, directory + 1));
      }
      expect([...manifest.stale()]).toEqual([]);
      expect(warnings).toEqual([]);
      // The largest read is the index, or one directory: the whole manifest has nearly 5 MB.
      const largest = Math.max(...read_.mock.calls.map(([, buffer]) => buffer.byteLength));
      expect(largest).toBeLessThan(120_000);
      manifest.close();
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('what is unchanged stays known without being read', () => {
    writeMany();
    const { manifest } = read();
    for (let directory = 1; directory < DIRECTORIES; directory++)
      expect(manifest.keep(pathOf(directory), 1000)).toBe(true);
    manifest.take(pathOf(0), ['0 "7"']);
    const decoded = vi.spyOn(JSON, 'parse');
    try {
      manifest.write(file, system);
      expect(decoded.mock.calls.length).toBeLessThan(3);
    } finally {
      decoded.mockRestore();
    }
    manifest.close();
    const again = read().manifest;
    expect(again.folders.get(pathOf(0))!.names).toEqual(namesIn(0).toSpliced(7, 1));
    expect(again.take(pathOf(59), namesIn(59))).toEqual(recordsOf(namesIn(59), 60));
    again.close();
  });

  test('nothing is lost where no file can be put beside it', () => {
    const opened = vi.spyOn(fs, 'openSync').mockImplementation(() => {
      throw Object.assign(new Error('EROFS: read-only'), { code: 'EROFS' });
    });
    const manifest = new Manifest(CWD, PRINT, file);
    try {
      fill(manifest);
    } finally {
      opened.mockRestore();
    }
    manifest.write(file, system);
    manifest.close();
    expect(read().manifest.take(pathOf(1), namesIn(1))).toEqual(recordsOf(namesIn(1), 2));
  });
});

describe('what another process has written since a manifest was read', () => {
  const OTHER = '/project/other';
  const names = (of: string) => read().manifest.folders.get(of)?.names;

  test('stays, in other directories and in the same one', () => {
    write();
    const [one, two] = [read().manifest, read().manifest];
    one.add(OTHER, ['d'], recordsOf(['d'], 2000));
    one.add('/project/out', ['one'], recordsOf(['one'], 3000));
    one.write(file, system);
    two.add('/project/out', ['two'], recordsOf(['two'], 4000));
    two.write(file, system);
    expect(names(OTHER)).toEqual(['d']);
    expect(names('/project/out')).toEqual([...folders[0]![1], 'one', 'two']);
    expect(names('/project/out/below')).toEqual(['c']);
    expect(read().manifest.take('/project/out', ['one', 'two'])).toEqual(
      Uint32Array.from([...recordsOf(['one'], 3000), ...recordsOf(['two'], 4000)]),
    );
  });

  test('stays where there was no manifest', () => {
    const [one, two] = [read().manifest, read().manifest];
    one.add(OTHER, ['d'], recordsOf(['d']));
    one.write(file, system);
    two.add('/project/out', ['two'], recordsOf(['two']));
    two.write(file, system);
    expect([names(OTHER), names('/project/out')]).toEqual([['d'], ['two']]);
  });

  test('is forgotten where this one decides about it, and stays forgotten where the other did', () => {
    write();
    const [one, two] = [read().manifest, read().manifest];
    one.take('/project/out', ['a']);
    one.write(file, system);
    two.take('/project/out', ['b']);
    two.write(file, system);
    expect(names('/project/out')).toEqual(['naïve 文件 😀', '"quoted"\n']);
  });

  test('stays of a file that this one has only forgotten', () => {
    write();
    const [one, two] = [read().manifest, read().manifest];
    one.take('/project/out', ['a']);
    one.add('/project/out', ['a'], recordsOf(['a'], 5000));
    one.write(file, system);
    two.take('/project/out', ['a']);
    two.write(file, system);
    expect(read().manifest.take('/project/out', ['a'])).toEqual(recordsOf(['a'], 5000));
  });

  test.each(['first', 'last'])(
    'of a file that both have copied that stays which it is by: the %s',
    (which) => {
      write();
      fs.writeFileSync(path.join(home, 'a'), 'content');
      const real = new Uint32Array(RECORD_WORDS);
      const status = new FileStatus();
      const directory = system.openDirectory(home);
      if (typeof directory === 'number') throw new Error(`${directory}`);
      system.status(directory, 'a', false, status);
      system.closeDirectory(directory);
      rememberDestination(real, 0, status);
      const records = which === 'first' ? [real, recordsOf(['a'])] : [recordsOf(['a']), real];
      const manifests = [read().manifest, read().manifest];
      for (const [each, manifest] of manifests.entries()) {
        manifest.add(home, ['a'], records[each]!);
        manifest.write(file, system);
      }
      expect(names(home)).toEqual(['a']);
      expect(read().manifest.take(home, ['a'])).toEqual(real);
    },
  );
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

test('one of another directory is as good as none, with a warning that says what to do', () => {
  write();
  const { manifest, warnings } = read({ cwd: '/moved' });
  expect(manifest.folders.size).toBe(0);
  expect(warnings).toEqual([
    expect.stringMatching(
      /manifest ".*" belongs to copies in "\/project", not in "\/moved", and was ignored: .* give each its own; .*moved/,
    ),
  ]);
});

test('one that cannot be read is as good as none, with a warning', () => {
  fs.mkdirSync(file, { recursive: true });
  const { manifest, warnings } = read();
  expect(manifest.folders.size).toBe(0);
  expect(warnings).toEqual([expect.stringMatching(/manifest ".*" cannot be read and was ignored: .*EISDIR/)]);
});

test('one takes the place of an empty directory', () => {
  fs.mkdirSync(file, { recursive: true });
  write();
  expect(read()).toMatchObject({ warnings: [], manifest: { folders: { size: folders.length } } });
});

test('one that cannot be written is an error, and the old one stays', () => {
  write();
  const before = fs.readFileSync(file);
  fs.mkdirSync(path.join(home, 'directory/with/something'), { recursive: true });
  expect(() => new Manifest(CWD, PRINT).write(path.join(home, 'directory'), system)).toThrow('EISDIR');
  expect(fs.readdirSync(home).sort()).toEqual(['cache', 'directory']);
  expect(fs.readFileSync(file).equals(before)).toBe(true);
});

test.each<[string, Buffer]>([
  ['text', Buffer.from('{"version":1,"files":["a"]}'.repeat(10))],
  ['one byte', Buffer.from('f')],
  ['other bytes', Buffer.alloc(500, 'fs')],
])('a file that is something else is an error: %s', (_title, content) => {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  expect(read).toThrow(expect.objectContaining({ code: 'ERR_MANIFEST', destination: file }));
  expect(fs.readFileSync(file).equals(content)).toBe(true);
  file = `${file}.manifest`;
  fs.writeFileSync(file, content);
  expect(read().warnings).toEqual([expect.stringContaining('is damaged')]);
});

describe('a damaged one is ignored with a warning', () => {
  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    [
      'of a later version',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('manifest 2', 'manifest 3'), 'latin1'),
    ],
    ['cut short by a byte', (bytes) => bytes.subarray(0, -1)],
    ['longer by a byte', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['cut within its header', (bytes) => bytes.subarray(0, 30)],
    [
      'with an index that is no JSON',
      (bytes) => Buffer.from(bytes).fill(0x7b, bytes.length - 60, bytes.length - 4),
    ],
  ])('%s', (_title, damage) => {
    write();
    fs.writeFileSync(file, damage(fs.readFileSync(file)));
    const { manifest, warnings } = read();
    expect(manifest.folders.size).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('is damaged, or of another version, and was ignored')]);
  });

  test('in a part of it: the files of that directory alone are copied again, with a warning', () => {
    write();
    const bytes = fs.readFileSync(file);
    bytes.fill(0x7b, bytes.indexOf('"a","b"'), bytes.indexOf('"a","b"') + 7);
    fs.writeFileSync(file, bytes);
    const { manifest, warnings } = read();
    const [[damaged, names], [whole, [inWhole]]] = folders as [(typeof folders)[0], (typeof folders)[0]];
    expect(manifest.keep(damaged, names.length - 1)).toBe(false);
    expect(manifest.take(damaged, names)!.every((word) => word === 0)).toBe(true);
    expect([...manifest.stale()].map(({ directory }) => directory)).toEqual([whole]);
    expect(manifest.take(whole, [inWhole!])).toEqual(recordsOf(['c'], 1000));
    expect(warnings).toEqual([expect.stringContaining('a part of the manifest is damaged')]);
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
    }
  });
});
