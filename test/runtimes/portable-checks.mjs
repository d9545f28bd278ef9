// What the engine has to do on any runtime without koffi. Like checks.mjs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { assertSame, checks, errorOf, pair, tree } from './checks.mjs';

const MIB = 1024 * 1024;
/** In nanoseconds. */
const [MICROSECOND, MILLISECOND, SECOND] = [1_000n, 1_000_000n, 1_000_000_000n];
const IS_DENO = process.versions.deno !== undefined;

export const portableChecks = {
  'node:fs is used': async ({ engine, btrfs }) => {
    const { native } = await engine.probe(btrfs, btrfs);
    assert.equal(native.loaded, false);
  },

  'a file that is reported as cloned shares its blocks': async ({ engine, btrfs }) => {
    const [from, to] = pair(btrfs, 3 * MIB);
    const { method } = await engine.copyFile(from, to);
    // Deno's node:fs cannot clone.
    assert.equal(method, IS_DENO ? 'node_fs' : 'ficlone');
    assertSame(from, to);
    return { shared: IS_DENO ? [] : [[from, to]] };
  },

  'a filesystem that cannot clone, when it has to': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 5000);
    assert.equal((await engine.copyFile(from, `${to}-1`)).method, 'node_fs');
    const error = await errorOf(engine.copyFile(from, to, { reflink: 'always' }));
    assert.match(error.code, /^E(OPNOTSUPP|NOTSUP)$/);
    assert.deepEqual([error.method, error.source, error.destination], ['ficlone', from, to]);
    assert.ok(!fs.existsSync(to), 'nothing is left behind');
  },

  'links that are kept are found to be the same by the next copy': async ({ engine, ext4 }) => {
    const from = tree(ext4, 1);
    const to = `${from}-copy`;
    fs.symlinkSync('file-0', path.join(from, 'link-ü'));
    for (const links of [1, 0]) {
      const report = await engine.copy({ from, to }, { symlinks: 'keep' });
      assert.equal(report.links, links);
    }
    assert.equal(fs.readlinkSync(path.join(to, 'link-ü')), 'file-0');
  },

  'a hole stays a hole': async ({ engine, ext4 }) => {
    for (const ending of ['hole', 'data']) {
      const [from, to] = pair(ext4, 4096);
      fs.truncateSync(from, 8 * MIB);
      if (ending === 'data') fs.appendFileSync(from, 'the end');
      assert.equal(engine.copyFileSync(from, to).method, 'node_fs');
      assertSame(from, to);
      assert.ok(fs.statSync(to).blocks * 512 < MIB, `${fs.statSync(to).blocks} blocks`);
    }
  },

  'a filesystem that is full': checks['a filesystem that is full'],

  'a file that exists stays, if it may not be replaced': async ({ engine, ext4 }) => {
    const [from, to] = pair(ext4, 5000);
    fs.writeFileSync(to, 'old');
    const error = await errorOf(engine.copyFile(from, to, { overwrite: 'error' }));
    assert.equal(error.code, 'EEXIST');
    assert.equal(fs.readFileSync(to, 'utf8'), 'old');
  },

  'times are kept: whole seconds exactly, others as well as node:fs can': async ({ engine, ext4 }) => {
    const coarse = IS_DENO ? MILLISECOND : MICROSECOND;
    for (const [time, precision] of [
      ['2020-05-05 01:02:03 UTC', 1n],
      ['2020-05-05 01:02:03.001 UTC', coarse],
      ['2020-05-05 01:02:03.987654321 UTC', coarse],
      ['1960-05-05 01:02:03 UTC', 1n],
      ['1960-05-05 01:02:03.123456789 UTC', IS_DENO ? SECOND : MILLISECOND],
    ]) {
      const [from, to] = pair(ext4, 10);
      execFileSync('touch', ['-d', time, from]);
      const { warnings } = await engine.copyFile(from, to);
      assert.deepEqual([time, warnings], [time, undefined]);
      const [before, after] = [from, to].map((each) => fs.statSync(each, { bigint: true }).mtimeNs);
      const difference = after > before ? after - before : before - after;
      assert.ok(difference < precision, `${time}: ${difference} ns`);
    }
  },

  'what did not change is left alone': async ({ engine, ext4 }) => {
    const from = tree(ext4, 60);
    const to = `${from}-copy`;
    // The copy has the time of its source, as far as this runtime can tell.
    fs.utimesSync(path.join(from, 'file-2'), 1_000_000_000.123456, 1_000_000_000.123456);
    assert.equal((await engine.copy({ from, to })).files, 60);
    const options = { overwrite: 'changed' };
    assert.equal((await engine.copy({ from, to }, options)).unchanged, 60);
    const [before, after] = [from, to].map((each) => fs.statSync(path.join(each, 'file-2')).mtimeMs);
    assert.ok(Math.abs(before - after) < (IS_DENO ? 1 : 0.002), `${before} ${after}`);
  },
};
