import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { refuseNested } from './nested.ts';

let home: string;
beforeEach(() => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-nested-')));
  fs.mkdirSync(path.join(home, 'from'));
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(home, { recursive: true });
});

test('a destination that another process makes meanwhile is not taken for the directory it lies in', () => {
  const [from, to] = [path.join(home, 'from'), path.join(home, 'to')];
  const { statSync } = fs;
  let asked = 0;
  vi.spyOn(fs, 'statSync').mockImplementation(((file: string, options: object) => {
    const stats = statSync(file, options);
    // Another process creates the destination right after it was first checked.
    if (file === to && asked++ === 0) fs.mkdirSync(to);
    return stats;
  }) as typeof statSync);
  expect(() => refuseNested(from, to)).not.toThrow();
  expect(fs.existsSync(to)).toBe(true);
});

test.each([
  ['from', 'from/to', 'ERR_NESTED'],
  ['from', '.', 'ERR_NESTED'],
  ['from', 'from', 'ERR_SAME_FILE'],
])('%s to %s is refused', (from, to, code) => {
  expect(() => refuseNested(path.join(home, from), path.join(home, to))).toThrow(code);
});
