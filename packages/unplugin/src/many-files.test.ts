import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasManyFiles } from './many-files.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-many-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function fill(name: string, files: number): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  for (let file = 0; file < files; file++) writeFileSync(join(directory, `${file}`), '');
  return directory;
}

test('a few files in a few directories are few', () => {
  expect(hasManyFiles([])).toBe(false);
  expect(hasManyFiles([fill('a', 25), fill('b/c', 25), join(root, 'a/1')])).toBe(false);
});

test('many files in one directory, or in several, are many', () => {
  expect(hasManyFiles([fill('a', 70)])).toBe(true);
  expect(hasManyFiles([fill('b', 35), fill('c', 35)])).toBe(true);
});

test('a glob may match many, and a link may lead in a circle', () => {
  expect(hasManyFiles([join(root, 'a/**/*.js')])).toBe(true);
  symlinkSync('.', join(fill('d', 1), 'circle'));
  expect(hasManyFiles([join(root, 'd')])).toBe(true);
});
