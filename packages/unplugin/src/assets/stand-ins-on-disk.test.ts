import { spawnSync } from 'node:child_process';
import fs, { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeTree } from '../../../../test/support/trees.ts';
import { standInNotes } from '../output/cache.ts';
import { standInFor } from './stand-in.ts';
import { noteStandIns } from './stand-ins-on-disk.ts';

let root: string;
let cache: string;
let output: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unplugin-reflink-stand-ins-'));
  cache = join(root, 'cache');
  output = join(root, 'out');
  writeTree(cache, {});
});
afterEach(() => rmSync(root, { recursive: true }));

/** Writes the note of a build in the process `pid`, as if the build had not deleted it. */
const leaveNote = (pid: number) => writeFileSync(`${standInNotes(cache, output)}${pid}-0`, '');
const endedPid = () => spawnSync(process.execPath, ['--version']).pid;
const writeOutput = () =>
  writeTree(output, { 'a/left.bin': standInFor(5, 'f'.repeat(16)), 'a/other.bin': 'content' });

test('the end of a build deletes the stand-ins that a killed one has left', () => {
  leaveNote(endedPid());
  writeOutput();
  noteStandIns(cache, output)();
  expect(readdirSync(join(output, 'a'))).toEqual(['other.bin']);
  expect(readdirSync(cache)).toEqual([]);
});

test('also if the killed process had the number of this one, as in a container', () => {
  leaveNote(process.pid);
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(`${standInNotes(cache, output)}${process.pid}-0`, longAgo, longAgo);
  writeOutput();
  noteStandIns(cache, output)();
  expect(readdirSync(join(output, 'a'))).toEqual(['other.bin']);
  expect(readdirSync(cache)).toEqual([]);
});

test('while another build of this process runs it deletes nothing but its own note', () => {
  const end = noteStandIns(cache, output);
  writeOutput();
  noteStandIns(cache, output)();
  expect(existsSync(join(output, 'a/left.bin'))).toBe(true);
  end();
  expect(readdirSync(cache)).toEqual([]);
});

test('while another build runs it deletes nothing but its own note', () => {
  leaveNote(process.ppid);
  writeOutput();
  noteStandIns(cache, output)();
  expect(existsSync(join(output, 'a/left.bin'))).toBe(true);
  expect(readdirSync(cache)).toHaveLength(1);
});

test('a build that has no output ends without an error', () => {
  leaveNote(endedPid());
  noteStandIns(cache, output)();
  expect(readdirSync(cache)).toEqual([]);
});

test('what belongs to another user is no error, and a later build deletes it', () => {
  leaveNote(endedPid());
  writeOutput();
  writeTree(output, { 'b/left.bin': standInFor(5, 'f'.repeat(16)) });
  const refused = vi.spyOn(fs, 'rmSync').mockImplementation((file, options) => {
    if (String(file).includes(join('out', 'a')))
      throw Object.assign(new Error('refused'), { code: 'EACCES' });
    return rmSync(file, options);
  });
  try {
    noteStandIns(cache, output)();
  } finally {
    refused.mockRestore();
  }
  expect([...readdirSync(join(output, 'a')), ...readdirSync(join(output, 'b'))]).toEqual([
    'left.bin',
    'other.bin',
  ]);
  noteStandIns(cache, output)();
  expect(readdirSync(join(output, 'a'))).toEqual(['other.bin']);
  expect(readdirSync(cache)).toEqual([]);
});
