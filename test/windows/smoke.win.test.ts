import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import path, { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { copy } from 'fs-reflink';
import koffi from 'koffi';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readTree, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { describeOnWindows, workspace } from './support.ts';

/** What a file of a tree holds, without what Windows does not keep. */
function contents(root: string): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(readTree(root)).map(([name, { sha256, type }]) => [name, sha256 ?? type]),
  );
}

describeOnWindows('Windows itself', () => {
  test('node.exe says that this is Windows', () => {
    expect(process.platform).toBe('win32');
    expect(path.sep).toBe('\\');
    expect(process.execPath).toMatch(/^[A-Z]:\\.*node\.exe$/);
  });

  test('koffi calls kernel32', () => {
    const kernel32 = koffi.load('kernel32.dll');
    const GetCurrentProcessId = kernel32.func('uint32_t __stdcall GetCurrentProcessId()');
    expect(GetCurrentProcessId()).toBe(process.pid);
  });

  test('koffi works in a worker thread', async () => {
    const code = `
      const koffi = require('koffi');
      const GetCurrentProcessId = koffi.load('kernel32.dll').func('uint32_t __stdcall GetCurrentProcessId()');
      require('node:worker_threads').parentPort.postMessage(GetCurrentProcessId());
    `;
    const worker = new Worker(code, { eval: true });
    const answer = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    expect(answer).toBe(process.pid);
  });

  test('names differ in case only for the one who writes them', () => {
    const root = writeTree(workspace(), { 'Name.txt': 'one' });
    expect(readFileSync(join(root, 'nAME.TXT'), 'utf8')).toBe('one');
    expect(realpathSync.native(join(root, 'nAME.TXT'))).toMatch(/Name\.txt$/);
  });
});

const LONG = Array.from({ length: 12 }, (_each, index) => `${index}-${'directory'.repeat(3)}`).join('/');

const trees = {
  'a tree': { 'a.txt': 'a', 'b/c.bin': randomBytes(3 * 1024 * 1024 + 777), 'b/d/empty.txt': '' },
  'names that are not ASCII': { 'é/漢字.txt': 'one', 'Привет 😀.txt': 'two' },
  'paths of more than 260 characters': { [`${LONG}/deep.txt`]: 'deep' },
};

describeOnWindows('copy() without the native lane', () => {
  beforeAll(() => {
    vi.stubEnv('FS_REFLINK_NATIVE', 'off');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  for (const [name, tree] of Object.entries(trees)) {
    test(`places ${name}`, async () => {
      const root = workspace();
      writeTree(join(root, 'from'), tree);
      const report = await copy({ from: join(root, 'from'), to: join(root, 'to') }, { entries: true });
      expect(report.warnings).toEqual([]);
      expect(report.files).toBe(Object.keys(tree).length);
      expect(contents(join(root, 'to'))).toEqual(contents(join(root, 'from')));
      expect(report.methods).toEqual({ node_fs: { files: report.files, bytes: report.bytes } });
    });
  }

  test('places a tree in worker threads', async () => {
    const root = workspace();
    const tree = Object.fromEntries(
      Array.from({ length: 100 }, (_each, index) => [`${index % 7}/${index}`, randomBytes(index * 100)]),
    );
    writeTree(join(root, 'from'), tree);
    const workers = await bootWorkers(2);
    try {
      const report = await copy({ from: join(root, 'from'), to: join(root, 'to') }, { concurrency: 2 });
      expect(report.files).toBe(100);
      expect(contents(join(root, 'to'))).toEqual(contents(join(root, 'from')));
    } finally {
      await workers.dispose();
    }
  });

  test('leaves alone what is already there', async () => {
    const root = workspace();
    writeTree(join(root, 'from'), trees['a tree']);
    const target = { from: join(root, 'from'), to: join(root, 'to') };
    mkdirSync(join(root, 'cache'));
    const options = { manifest: join(root, 'cache', 'manifest.json') };
    // What was written just before it is copied is not recorded: it may change again and look the same.
    await wait(200);
    expect(await copy(target, options)).toMatchObject({ files: 3, unchanged: 0 });
    expect(existsSync(options.manifest)).toBe(true);
    expect(await copy(target, options)).toMatchObject({ files: 0, unchanged: 3 });
  });
});
