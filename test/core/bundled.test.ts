import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { filesOf, fill, workspace } from './support.ts';

const core = fileURLToPath(new URL('../../packages/core', import.meta.url));
const FILES = 120;

/** Copies with every function of the library, and prints the methods, and the files from which it starts threads. */
const program = `
  import { copy, copyFileSync, copySync } from 'fs-reflink';
  import threads from 'node:worker_threads';
  const started = [];
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file, options) {
      super(file, options);
      started.push(String(file));
    }
  };
  const methods = async () => {
    const few = await copy({ from: 'from', to: 'few' });
    // What waits for the disk is left to worker threads.
    const slow = await copy({ from: 'from', to: 'slow', transform: undefined }, { durability: 'file', manifest: 'manifest' });
    const sync = copySync({ from: 'from', to: 'sync' });
    const { method } = copyFileSync('from/folder-0/file-0.bin', 'one');
    return [few, slow, sync].map(({ files, methods }) => [files, Object.keys(methods)]).concat([[1, [method]]]);
  };
  methods().then(
    (done) => console.log(JSON.stringify({ done, started })),
    (error) => console.log(JSON.stringify({ error: error.stack + error.cause?.stack })),
  );
`;

type Format = 'cjs' | 'esm';

/** Bundles the program and the library into one file, in a directory with files to copy. */
async function bundled(format: Format): Promise<{ cwd: string; file: string }> {
  const cwd = workspace();
  fill(join(cwd, 'from'), { files: FILES, folders: 2 });
  const file = join(cwd, `program.${format === 'cjs' ? 'cjs' : 'mjs'}`);
  await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    platform: 'node',
    format,
    outfile: file,
    logLevel: 'error',
  });
  return { cwd, file };
}

function run(cwd: string, args: string[]) {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env: {} });
  expect(stderr).toBe('');
  const { done, started, error } = JSON.parse(stdout) as {
    done: [number, string[]][];
    started: string[];
    error?: string;
  };
  expect(error).toBeUndefined();
  for (const to of ['few', 'slow', 'sync'])
    expect(filesOf(join(cwd, to))).toEqual(filesOf(join(cwd, 'from')));
  return { done, started };
}

const by = (method: string) => [...[FILES, FILES, FILES].map((files) => [files, [method]]), [1, [method]]];

describe.each<Format>(['cjs', 'esm'])('the library in one %s file of esbuild', (format) => {
  it('copies by node:fs, without threads, where nothing is beside it', async () => {
    const { cwd, file } = await bundled(format);
    expect(run(cwd, [file])).toEqual({ done: by('node_fs'), started: [] });
  });

  it('copies natively where koffi is installed', async () => {
    const { cwd, file } = await bundled(format);
    mkdirSync(join(cwd, 'node_modules'));
    symlinkSync(join(core, 'node_modules/koffi'), join(cwd, 'node_modules/koffi'));
    const { done, started } = run(cwd, [file]);
    expect(started).toEqual([]);
    expect(done.flatMap(([, methods]) => methods)).not.toContain('node_fs');
  });

  it('starts threads where the file that they run is beside it', async () => {
    const { cwd, file } = await bundled(format);
    const worker = join(cwd, 'fs-reflink-worker.cjs');
    cpSync(join(core, 'dist/fs-reflink-worker.cjs'), worker);
    const { done, started } = run(cwd, [file]);
    expect(new Set(started)).toEqual(new Set([worker]));
    expect(done).toEqual(by('node_fs'));
  });

  it("does not take a program's own worker.cjs for its own", async () => {
    const { cwd, file } = await bundled(format);
    writeFileSync(join(cwd, 'worker.cjs'), "throw new Error('it was started')");
    expect(run(cwd, [file]).started).toEqual([]);
  });
});

it('copies as the main script of a single executable, which may require nothing but what Node.js has', async () => {
  const { cwd, file } = await bundled('cjs');
  // Node.js runs a single executable like this: https://nodejs.org/api/single-executable-applications.html
  const main = `
    const { isBuiltin } = require('node:module');
    const required = (id) => {
      if (!isBuiltin(id)) throw new Error('a single executable cannot require ' + id);
      return require(id);
    };
    const names = ['exports', 'require', 'module', '__filename', '__dirname'];
    const own = { exports: {} };
    const code = ${JSON.stringify(readFileSync(file, 'utf8'))};
    const run = require('node:vm').compileFunction(code, names);
    run(own.exports, required, own, process.execPath, require('node:path').dirname(process.execPath));`;
  writeFileSync(join(cwd, 'main.cjs'), main);
  expect(run(cwd, ['main.cjs']).started).toEqual([]);
});
