// What the engine has to do on any runtime. Plain JavaScript without a test framework, because it runs on
// runtimes that have none; `engine` is the built package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const MIB = 1024 * 1024;

/**
 * Each gets the engine and a scratch directory on btrfs and on ext4, and throws or returns what the process
 * that started it is to look at: pairs of files that have to share their blocks.
 */
export const checks = {
  'the native lane is loaded': async ({ engine, btrfs }) => {
    const { native } = await engine.probe(btrfs, btrfs);
    assert.deepEqual(native, { loaded: true });
  },

  'probe tells a filesystem that clones from one that does not': async ({ engine, btrfs, ext4 }) => {
    const cloning = await engine.probe(btrfs, btrfs);
    assert.deepEqual(
      [cloning.source.filesystem, cloning.reflink, cloning.method],
      ['btrfs', { supported: true }, 'ficlone'],
    );
    const copying = await engine.probe(ext4, ext4);
    assert.deepEqual(copying.reflink, { supported: false, code: copying.reflink.code });
    assert.match(copying.reflink.code, /^E(OPNOTSUPP|NOTSUP)$/);
    assert.deepEqual(copying.kernelCopy, { supported: true });
    assert.deepEqual(
      [copying.source.filesystem, copying.method, copying.smallFileMethod],
      ['ext4', 'copy_file_range', 'read_write'],
    );
  },

  'copyFile clones by FICLONE': async ({ engine, btrfs }) => {
    const [from, to] = pair(btrfs, 3 * MIB);
    assert.deepEqual(await engine.copyFile(from, to), { method: 'ficlone', bytes: 3 * MIB });
    assertSame(from, to);
    return { shared: [[from, to]] };
  },

  'copyFileSync clones by FICLONE': async ({ engine, btrfs }) => {
    const [from, to] = pair(btrfs, 64 * 1024);
    assert.deepEqual(engine.copyFileSync(from, to), { method: 'ficlone', bytes: 64 * 1024 });
    assertSame(from, to);
    return { shared: [[from, to]] };
  },

  'a large file goes by copy_file_range where it cannot be cloned': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 3 * MIB);
    assert.deepEqual(engine.copyFileSync(from, to), { method: 'copy_file_range', bytes: 3 * MIB });
    assertSame(from, to);
  },

  'a small file goes by read and write where it cannot be cloned': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 5000);
    assert.deepEqual(engine.copyFileSync(from, to), { method: 'read_write', bytes: 5000 });
    assertSame(from, to);
  },

  'past the page cache': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 2 * MIB + 13);
    const options = { pageCache: 'bypass' };
    assert.deepEqual(engine.copyFileSync(from, to, options), { method: 'direct', bytes: 2 * MIB + 13 });
    assertSame(from, to);
  },

  'a hole stays a hole': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 4096);
    fs.truncateSync(from, 8 * MIB);
    assert.equal(engine.copyFileSync(from, to).method, 'copy_file_range');
    assertSame(from, to);
    assert.ok(fs.statSync(to).blocks * 512 < MIB, `${fs.statSync(to).blocks} blocks`);
  },

  'mode and times to the nanosecond': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 10);
    fs.chmodSync(from, 0o640);
    engine.copyFileSync(from, to);
    const [before, after] = [from, to].map((file) => fs.statSync(file, { bigint: true }));
    assert.equal(after.mtimeNs, before.mtimeNs);
    assert.equal(after.mode, before.mode);
  },

  'worker threads copy a tree': async ({ engine, btrfs }) => {
    const from = tree(btrfs, 200);
    const to = `${from}-copy`;
    const before = threads();
    const copies = engine.prepareCopies({ workers: 2 });
    await copies.ready;
    try {
      assert.ok(threads() >= before + 2, `${before} threads before, ${threads()} with two workers`);
      const report = await copies.start({ from, to }, { concurrency: 2 });
      assert.deepEqual([report.files, report.methods.ficlone?.files, report.warnings], [200, 200, []]);
    } finally {
      await copies.dispose();
    }
    for (const name of fs.readdirSync(from)) assertSame(path.join(from, name), path.join(to, name));
    return { shared: [[path.join(from, 'file-7'), path.join(to, 'file-7')]] };
  },

  'workers that a copy starts for itself end with it': async ({ engine, ext4 }) => {
    const from = tree(ext4, 100);
    const report = await engine.copy({ from, to: `${from}-copy` }, { concurrency: 2 });
    assert.deepEqual([report.files, report.methods.read_write?.files], [100, 100]);
  },

  'a missing source': async ({ engine, ext4 }) => {
    const from = path.join(ext4, 'nowhere');
    const to = path.join(ext4, 'never');
    for (const run of [engine.copyFile, async (...args) => engine.copyFileSync(...args)]) {
      const error = await errorOf(run(from, to));
      assert.deepEqual(
        [error.name, error.code, error.source, error.destination],
        ['CopyError', 'ENOENT', from, to],
      );
      for (const part of ['ENOENT', from, to]) assert.ok(error.message.includes(part), error.message);
    }
  },

  'a filesystem that cannot clone, when it has to': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 5000);
    const error = await errorOf(engine.copyFile(from, to, { reflink: 'always' }));
    assert.match(error.code, /^E(OPNOTSUPP|NOTSUP)$/);
    assert.deepEqual([error.method, error.source, error.destination], ['ficlone', from, to]);
    assert.ok(!fs.existsSync(to), 'nothing is left behind');
  },

  'an error in a worker thread': async ({ engine, ext4 }) => {
    const from = tree(ext4, 100);
    const to = `${from}-copy`;
    fs.mkdirSync(path.join(to, 'file-50'), { recursive: true });
    fs.writeFileSync(path.join(to, 'file-50/in-the-way'), '');
    const error = await errorOf(engine.copy({ from, to }, { concurrency: 2 }));
    assert.deepEqual([error.name, error.code], ['CopyError', 'EISDIR']);
    assert.deepEqual(
      [error.source, error.destination],
      [path.join(from, 'file-50'), path.join(to, 'file-50')],
    );
  },

  'a filesystem that is full': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 20 * MIB);
    const filler = path.join(ext4, 'filler');
    try {
      fill(filler, ext4);
      const error = await errorOf(engine.copyFile(from, to));
      assert.deepEqual([error.code, error.source, error.destination], ['ENOSPC', from, to]);
      assert.ok(!fs.existsSync(to), 'nothing is left behind');
    } finally {
      fs.rmSync(filler);
      fs.rmSync(from);
    }
  },

  'what did not change is left alone': async ({ engine, ext4 }) => {
    const from = tree(ext4, 60);
    const to = `${from}-copy`;
    const options = { manifest: `${from}.manifest`, prune: true };
    // What was written just before it is copied is not recorded: it may change again and look the same.
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await engine.copy({ from, to }, options)).files, 60);
    fs.writeFileSync(path.join(from, 'file-3'), 'changed');
    fs.rmSync(path.join(from, 'file-4'));
    const again = await engine.copy({ from, to }, options);
    assert.deepEqual([again.files, again.unchanged, again.pruned], [1, 58, 1]);
    assertSame(path.join(from, 'file-3'), path.join(to, 'file-3'));
  },

  'symbolic links are kept as links': async ({ engine, ext4 }) => {
    const from = tree(ext4, 1);
    fs.symlinkSync('file-0', path.join(from, 'link-ü'));
    const report = await engine.copy({ from, to: `${from}-copy` }, { symlinks: 'keep' });
    assert.equal(report.links, 1);
    assert.equal(fs.readlinkSync(path.join(`${from}-copy`, 'link-ü')), 'file-0');
  },

  'names that are not UTF-8 are copied, or refused by name': async ({ engine, ext4 }) => {
    const from = tree(ext4, 1);
    const to = `${from}-copy`;
    // This one is UTF-8, but has the character that stands for what is not.
    fs.writeFileSync(path.join(from, 'a\u{FFFD}b'), 'content');
    fs.mkdirSync(path.join(from, 'directory'));
    fs.symlinkSync('file-0', path.join(from, 'link'));
    const copy = () => engine.copy({ from, to }, { symlinks: 'keep', prune: 'everything' });
    const report = await copy();
    assert.deepEqual([report.files, report.links], [2, 1]);
    execFileSync('sh', ['-c', `printf x > "${from}/$(printf 'r\\377w')"`]);
    const namesIn = (directory) => execFileSync('ls', ['--quoting-style=c', directory], { encoding: 'utf8' });
    // Bun's and Deno's functions for names and paths lose such bytes.
    if (process.versions.bun ?? process.versions.deno) {
      assert.equal((await errorOf(copy())).code, 'EILSEQ');
    } else {
      assert.equal((await copy()).files, 3);
      assert.equal(namesIn(to), namesIn(from));
    }
  },

  'abort before': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 5000);
    const error = await errorOf(
      engine.copyFile(from, to, { signal: AbortSignal.abort(new Error('enough')) }),
    );
    assert.deepEqual([error.code, error.cause?.message], ['ABORT_ERR', 'enough']);
    assert.ok(!fs.existsSync(to));
  },

  'abort meanwhile': async ({ engine, ext4 }) => {
    const from = tree(ext4, 300, 64 * 1024);
    const to = `${from}-copy`;
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const options = { reflink: 'never', concurrency: 2, signal: controller.signal, onProgress };
    const error = await errorOf(engine.copy({ from, to }, options));
    assert.equal(error.code, 'ABORT_ERR');
    const placed = fs.readdirSync(to);
    assert.ok(placed.length < 300, 'it was aborted before the end');
    for (const name of placed) assertSame(path.join(from, name), path.join(to, name));
  },
};

let last = 0;

/** A new file of that size, and the path of its copy. */
export function pair(directory, size) {
  const from = path.join(directory, `source-${++last}-ü`);
  fs.writeFileSync(from, content(size));
  return [from, `${from}.copy`];
}

export function tree(directory, files, size) {
  const root = path.join(directory, `tree-${++last}`);
  fs.mkdirSync(root);
  for (let index = 0; index < files; index++)
    fs.writeFileSync(path.join(root, `file-${index}`), content(size ?? 5000 + index));
  return root;
}

function content(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4093) bytes[at] = at % 251;
  return bytes.fill(++last, size - 1);
}

export function assertSame(from, to) {
  assert.ok(fs.readFileSync(from).equals(fs.readFileSync(to)), `${to} differs from ${from}`);
}

/** Leaves about 4 MiB free. */
function fill(file, directory) {
  const { bavail, bsize } = fs.statfsSync(directory);
  const fd = fs.openSync(file, 'w');
  const block = Buffer.alloc(4 * MIB, 1);
  for (let left = bavail * bsize - 4 * MIB; left > 0; left -= block.length) {
    try {
      fs.writeSync(fd, block, 0, Math.min(left, block.length));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      break;
    }
  }
  fs.closeSync(fd);
}

function threads() {
  return fs.readdirSync('/proc/self/task').length;
}

export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}
