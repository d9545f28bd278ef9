import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { describeWithHook, ERROR, hook, windows } from './hook-support.ts';
import { workspace } from './support.ts';

const CHUNK = 65536;

function copyPair() {
  const root = workspace();
  const content = randomBytes(2 * CHUNK + 777);
  const source = join(root, 'source');
  writeFileSync(source, content);
  return { source, destination: join(root, 'destination'), content };
}

describeWithHook('the hook DLL: CopyFileExW', () => {
  beforeEach(() => {
    hook.reset({ copyChunkBytes: CHUNK });
  });

  test('copies bytes and the time of the last change, and counts', () => {
    const { source, destination, content } = copyPair();
    utimesSync(source, 1_000_000_000, 1_000_000_000);
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
    expect(readFileSync(destination).equals(content)).toBe(true);
    expect(statSync(destination).mtimeMs).toBe(1_000_000_000_000);
    expect(hook.counts()).toMatchObject({ copies: 1, copiedBytes: content.length });
  });

  test('tells that it begins, and every part', () => {
    const { source, destination, content } = copyPair();
    const told: number[][] = [];
    const progress = (...args: number[]) => {
      told.push(args);
      return 0;
    };
    expect(windows.copyFile(source, destination, progress, null)).toBe(0);
    expect(told).toEqual([
      [0, 1],
      [CHUNK, 0],
      [2 * CHUNK, 0],
      [content.length, 0],
    ]);
  });

  test('is not told any more when it asks for quiet', () => {
    const { source, destination } = copyPair();
    let calls = 0;
    const quiet = () => {
      calls++;
      return 3;
    };
    expect(windows.copyFile(source, destination, quiet, null)).toBe(0);
    expect(calls).toBe(1);
  });

  test('removes what it began when it is cancelled', () => {
    const { source, destination } = copyPair();
    const cancel = (done: number) => (done > 0 ? 1 : 0);
    expect(windows.copyFile(source, destination, cancel, null)).toBe(ERROR.REQUEST_ABORTED);
    expect(existsSync(destination)).toBe(false);
    expect(hook.counts().copies).toBe(0);
  });

  test('leaves what it began when it is stopped', () => {
    const { source, destination } = copyPair();
    const stop = (done: number) => (done > 0 ? 2 : 0);
    expect(windows.copyFile(source, destination, stop, null)).toBe(ERROR.REQUEST_ABORTED);
    expect(statSync(destination).size).toBe(CHUNK);
  });

  test('looks whether it was cancelled from elsewhere', () => {
    const { source, destination } = copyPair();
    const cancelled = new Int32Array(1);
    const progress = (done: number) => {
      if (done > 0) cancelled[0] = 1;
      return 0;
    };
    expect(windows.copyFile(source, destination, progress, cancelled)).toBe(ERROR.REQUEST_ABORTED);
    expect(existsSync(destination)).toBe(false);
  });

  test('replaces a file unless it may not', () => {
    const { source, destination, content } = copyPair();
    const FAIL_IF_EXISTS = 1;
    writeFileSync(destination, 'before');
    expect(windows.copyFile(source, destination, null, null, FAIL_IF_EXISTS)).toBe(ERROR.FILE_EXISTS);
    expect(readFileSync(destination, 'utf8')).toBe('before');
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  test('takes its time as told', () => {
    hook.reset({ copyChunkBytes: CHUNK, copyPauseMs: 50 });
    const { source, destination } = copyPair();
    const started = performance.now();
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
    // Three parts and the end of the file. Sleep may be early by a tick.
    expect(performance.now() - started).toBeGreaterThan(3 * 50);
  });

  test('fails once as told', () => {
    const { source, destination } = copyPair();
    hook.failNextCopy(112);
    expect(windows.copyFile(source, destination, null, null)).toBe(112);
    expect(existsSync(destination)).toBe(false);
    expect(windows.copyFile(source, destination, null, null)).toBe(0);
  });
});
