import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
