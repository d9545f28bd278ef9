import { chmodSync, chownSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { CopyError, type CopyOptions, copy, plan, type Target } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { notLinux, notRoot, orSkipped } from '../support/skip.ts';
import { directory, file, readTree, symlink, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, filesOf, inProcess, leavingNothing, refusal, rejection, workspace } from './support.ts';

const upper = (content: Buffer) => content.toString('utf8').toUpperCase();
const shout: Target = { from: 'in', to: 'out', transform: upper };
const many = Object.fromEntries(Array.from({ length: 80 }, (_each, index) => [`plain/${index}`, `${index}`]));

describe('transform asks overwrite', () => {
  const times = { older: new Date('2001-02-03'), newer: new Date('2002-02-03') };

  it.each([
    ["'older' leaves a file that is newer than its source", 'older', 'newer', 0],
    ["'older' replaces a file that is older than its source", 'older', 'older', 1],
    ["'older' leaves a file of the same age", 'older', 'same', 0],
    ["'changed' replaces a file of the size and time of its source", 'changed', 'same', 1],
  ] as const)('%s, and plan says so', async (_what, overwrite, age, files) => {
    const mtime = age === 'newer' ? times.older : times.newer;
    const there = age === 'older' ? times.older : times.newer;
    const cwd = writeTree(workspace(), {
      'in/a': file('new', { mtime }),
      'out/a': file('old', { mtime: there }),
    });
    const target = { ...shout, overwrite };
    expect(await plan(target, { cwd })).toMatchObject({ files, unchanged: 1 - files });
    expect(await copy(target, { cwd })).toMatchObject({ files, unchanged: 1 - files });
    expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe(files === 0 ? 'old' : 'NEW');
  });
});

it.skipIf(notRoot)(
  orSkipped('transform does not make a setuid file of another user one of its own', notRoot),
  async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    chownSync(join(cwd, 'in/a'), 1234, 1234);
    chmodSync(join(cwd, 'in/a'), 0o4755);
    const { warnings } = await copy(shout, { cwd, preserve: ['mode', 'special'] });
    expect(statSync(join(cwd, 'out/a')).mode & 0o7777).toBe(0o755);
    expect(warnings).toEqual([expect.stringContaining("('special' in preserve)")]);
  },
);

it.skipIf(notLinux)(
  orSkipped("transform writes a file again that has lost its special bits, also without 'mode'", notLinux),
  async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const mode = () => statSync(join(cwd, 'out/a')).mode & 0o7000;
    chmodSync(join(cwd, 'in/a'), 0o4755);
    const run = () => copy(shout, { cwd, preserve: ['special'] });
    await run();
    chmodSync(join(cwd, 'out/a'), 0o755);
    expect(await run()).toMatchObject({ files: 1, warnings: [] });
    expect(mode()).toBe(0o4000);
    expect(await run()).toMatchObject({ files: 0, unchanged: 1 });
  },
);

describe.each([
  ['few', {}],
  ['many', many],
])('transform beside %s other files', (_name, others) => {
  const make = () =>
    writeTree(workspace(), {
      ...others,
      'plain/p': 'plain',
      'in/a.txt': file('aé', { mode: 0o640, mtime: new Date('2001-02-03') }),
      'in/deep/run.sh': file('#!/bin/sh\n', { mode: 0o755 }),
      'in/empty': '',
    });
  const plainFiles = Object.keys(others).length + 1;

  it('writes what the function returns, and counts it apart', async () => {
    const cwd = make();
    const seen: string[] = [];
    const transform: Target['transform'] = async (content, { source, path }) => {
      seen.push(`${path} ${source === join(cwd, 'in', path)} ${Buffer.isBuffer(content)}`);
      return path.endsWith('.sh') ? new Uint8Array([1, 2, 3]) : upper(content);
    };
    const started = Date.now();
    const report = await leavingNothing(cwd, () =>
      copy(
        [
          { from: 'plain', to: 'out' },
          { ...shout, transform },
        ],
        { cwd, entries: true },
      ),
    );
    expect(seen.sort()).toEqual(['a.txt true true', 'deep/run.sh true true', 'empty true true']);
    expect(report.files).toBe(plainFiles + 3);
    expect(report.methods.transform).toEqual({ files: 3, bytes: 6 });
    const transformed = report.entries!.filter(({ method }) => method === 'transform');
    expect(transformed.map(({ destination, bytes, action }) => [destination, bytes, action]).sort()).toEqual([
      [join(cwd, 'out/a.txt'), 3, 'copied'],
      [join(cwd, 'out/deep/run.sh'), 3, 'copied'],
      [join(cwd, 'out/empty'), 0, 'copied'],
    ]);
    expect(readFileSync(join(cwd, 'out/a.txt'), 'utf8')).toBe('AÉ');
    expect([...readFileSync(join(cwd, 'out/deep/run.sh'))]).toEqual([1, 2, 3]);
    expect(readFileSync(join(cwd, 'out/p'), 'utf8')).toBe('plain');
    const tree = readTree(join(cwd, 'out'));
    expect(tree['a.txt']!.mode).toBe(0o640);
    expect(tree['deep/run.sh']!.mode).toBe(0o755);
    expect(statSync(join(cwd, 'out/a.txt')).mtimeMs).toBeGreaterThan(started - 1000);
  });

  it('runs every time and writes only what differs', async () => {
    const cwd = make();
    const options = { cwd, manifest: 'm', prune: 'everything', pruneRoots: ['out'] } as const;
    let suffix = '';
    const targets = [
      { from: 'plain', to: 'out' },
      { ...shout, transform: (content: Buffer) => upper(content) + suffix },
    ];
    await pastTick();
    await copy(targets, options);
    const identity = () => {
      const { ino, ctimeNs } = statSync(join(cwd, 'out/a.txt'), { bigint: true });
      return `${ino} ${ctimeNs}`;
    };
    const first = identity();
    expect(await copy(targets, options)).toMatchObject({ files: 0, unchanged: plainFiles + 3, methods: {} });
    expect(identity()).toBe(first);

    suffix = '!';
    expect((await copy(targets, options)).methods).toEqual({ transform: { files: 3, bytes: 16 } });
    expect(readFileSync(join(cwd, 'out/a.txt'), 'utf8')).toBe('AÉ!');

    rmSync(join(cwd, 'in/deep'), { recursive: true });
    expect(await copy(targets, { ...options, prune: 'placed' })).toMatchObject({ files: 0, pruned: 1 });
    expect(existsSync(join(cwd, 'out/deep'))).toBe(false);
    expect(readFileSync(join(cwd, 'out/a.txt'), 'utf8')).toBe('AÉ!');
  });

  it('an error of the function names both paths and is the cause', async () => {
    const cwd = make();
    const cause = new Error('on purpose');
    const transform = () => {
      throw cause;
    };
    const error = await leavingNothing(cwd, () => refusal(() => copy({ ...shout, transform }, { cwd })));
    expect(error).toMatchObject({ code: 'ERR_TRANSFORM', cause, method: 'transform' });
    expect(error.source).toMatch(/in\/(a.txt|deep\/run.sh|empty)$/);
    expect(error.destination).toBe(error.source!.replace(join(cwd, 'in'), join(cwd, 'out')));
    expect(error.message).toContain('on purpose');
  });

  it('abort is honoured while the function runs', async () => {
    const cwd = make();
    const control = new AbortController();
    const transform = () => {
      setImmediate(() => control.abort('enough'));
      return new Promise<string>(() => {});
    };
    const act = () =>
      copy(
        [
          { from: 'plain', to: 'out' },
          { ...shout, transform },
        ],
        { cwd, signal: control.signal },
      );
    const error = await leavingNothing(cwd, () => rejection(act));
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
    expect(existsSync(join(cwd, 'out/a.txt'))).toBe(false);
  });
});

describe('transform', () => {
  it.each([[undefined], [null], [5], [{}]])('refuses a result of %j', async (value) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const transform = () => value as never;
    const error = await refusal(() => copy({ ...shout, transform }, { cwd }));
    expect(error.code).toBe('ERR_TRANSFORM');
    expect(error.message).toContain('a string or bytes');
    expect(filesOf(cwd)).toEqual(['in/a']);
  });

  it('writes bytes of another realm, as tests that run in node:vm return them', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const transform = runInNewContext('() => new Uint8Array([66, 67])') as () => Uint8Array;
    await copy({ ...shout, transform }, { cwd });
    expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe('BC');
  });

  it('writes bytes of a class that has its own name', async () => {
    class Named extends Uint8Array {
      override get [Symbol.toStringTag](): 'Uint8Array' {
        return 'Named' as 'Uint8Array';
      }
    }
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    await copy({ ...shout, transform: () => new Named([66, 67]) }, { cwd });
    expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe('BC');
  });

  it('refuses bytes that were transferred to another thread', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const transform = () => {
      const bytes = new Uint8Array(8);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return bytes;
    };
    const error = await refusal(() => copy({ ...shout, transform }, { cwd }));
    expect(error).toMatchObject({ code: 'ERR_TRANSFORM', source: join(cwd, 'in/a') });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(filesOf(cwd)).toEqual(['in/a']);
  });

  const existing: [NonNullable<Target['overwrite']>, string, number][] = [
    [true, 'A', 1],
    [false, 'old', 0],
    ['changed', 'A', 1],
  ];
  it.each(existing)('what exists is treated as overwrite: %j says', async (overwrite, content, files) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'out/a': file('old', { mode: 0o444 }) });
    const report = await copy({ ...shout, overwrite }, { cwd });
    expect(report).toMatchObject({ files, unchanged: 1 - files });
    expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe(content);
  });

  it.each([
    [false, undefined],
    ['error', 'EEXIST'],
  ] as const)('what somebody makes meanwhile stays with overwrite: %j', async (overwrite, code) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', out: directory() });
    const transform: Target['transform'] = (content) => {
      writeFileSync(join(cwd, 'out/a'), 'theirs');
      return upper(content);
    };
    const copying = copy({ ...shout, transform, overwrite }, { cwd });
    if (code) expect((await refusal(() => copying)).code).toBe(code);
    else expect(await copying).toMatchObject({ files: 0, unchanged: 1 });
    expect(contentsOf(join(cwd, 'out'))).toEqual(contentsOf(writeTree(workspace(), { a: 'theirs' })));
  });

  it("overwrite: 'error' refuses what others made, and replaces its own", async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'out/a': 'old' });
    const options: CopyOptions = { cwd, overwrite: 'error', manifest: 'm' };
    expect(await refusal(() => copy(shout, options))).toMatchObject({ code: 'EEXIST' });
    rmSync(join(cwd, 'out/a'));
    await copy(shout, options);
    writeFileSync(join(cwd, 'in/a'), 'b');
    expect((await copy(shout, options)).methods).toEqual({ transform: { files: 1, bytes: 1 } });
    expect(readFileSync(join(cwd, 'out/a'), 'utf8')).toBe('B');
  });

  it('replaces a link instead of writing through it', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', other: 'other', 'out/a': symlink('../other') });
    await copy(shout, { cwd });
    expect(contentsOf(cwd)).toMatchObject(
      contentsOf(writeTree(workspace(), { other: 'other', 'out/a': 'A' })),
    );
  });

  it('never reads a file into itself', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const error = await refusal(() => copy({ from: 'in/a', to: 'in', transform: upper }, { cwd }));
    expect(error.code).toBe('ERR_SAME_FILE');
    expect(readFileSync(join(cwd, 'in/a'), 'utf8')).toBe('a');
  });

  it('links that are kept stay links, and those that are followed are transformed', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'in/l': symlink('a') });
    const kept = await copy(shout, { cwd, symlinks: 'keep' });
    expect(kept).toMatchObject({ files: 1, links: 1 });
    expect(readTree(join(cwd, 'out')).l).toMatchObject({ type: 'symlink', target: 'a' });
    const followed = await copy({ ...shout, to: 'out2' }, { cwd });
    expect(followed.methods).toEqual({ transform: { files: 2, bytes: 2 } });
  });

  it('goes with rename, flatten and filter', async () => {
    const cwd = writeTree(workspace(), { 'in/x/a.md': 'a', 'in/b.md': 'b', 'in/c': 'c' });
    const paths: string[] = [];
    const target: Target = {
      from: 'in/**/*',
      to: 'out',
      flatten: true,
      filter: (path) => path.endsWith('.md'),
      rename: (path) => path.replace('.md', '.html'),
      transform: (content, { path }) => {
        paths.push(path);
        return upper(content);
      },
    };
    await copy(target, { cwd });
    expect(filesOf(join(cwd, 'out'))).toEqual(['a.html', 'b.html']);
    expect(paths.sort()).toEqual(['a.html', 'b.html']);
  });

  it('is not called on a dry run', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const transform = () => {
      throw new Error('called');
    };
    expect(await plan({ ...shout, transform }, { cwd })).toMatchObject({ files: 1, bytes: 1 });
    expect(existsSync(join(cwd, 'out'))).toBe(false);
    const workers = await bootWorkers(1);
    try {
      expect(await plan({ ...shout, transform }, { cwd })).toMatchObject({ files: 1, methods: {} });
    } finally {
      await workers.dispose();
    }
  });

  it('on a dry run counts as a copy also where an earlier copy did not transform', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'in/deep/b': 'b' });
    await pastTick();
    const options = { cwd, manifest: join(cwd, 'copies.manifest'), entries: true };
    await copy({ from: 'in', to: 'out' }, options);
    const transform = (content: Buffer) => content.toString().toUpperCase();
    const expected = await plan({ from: 'in', to: 'out', transform }, options);
    expect(expected).toMatchObject({ files: 2, unchanged: 0 });
    expect(await copy({ from: 'in', to: 'out', transform }, options)).toMatchObject({
      files: 2,
      unchanged: 0,
    });
  });

  it.each([[1], [20]])('at most as many as concurrency at a time, in %i directories', async (folders) => {
    const spec = Object.fromEntries(
      Array.from({ length: 20 }, (_each, index) => [`in/${index % folders}/${index}`, 'x']),
    );
    const cwd = writeTree(workspace(), spec);
    let running = 0;
    let most = 0;
    let allRun = () => {};
    const threeRun = new Promise<void>((resolve) => {
      allRun = resolve;
    });
    const transform = async (content: Buffer) => {
      most = Math.max(most, ++running);
      if (running === 3) allRun();
      // No transform ends before three have started. After that, others could start too.
      await threeRun;
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      running--;
      return content;
    };
    await copy({ ...shout, transform }, { cwd, concurrency: 3 });
    expect(most).toBe(3);
  });

  it('an earlier failure of another file ends the copy', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'out/a/d': 'd' });
    expect(await refusal(() => copy(shout, { cwd }))).toBeInstanceOf(CopyError);
    expect(filesOf(join(cwd, 'out'))).toEqual(['a/d']);
  });
});

describe.each([
  ['native', ''],
  ['node:fs', 'off'],
])('transform writes nothing through a link that takes the place of its directory (%s)', (_lane, native) => {
  it.each([['on a fresh copy'], ['over an earlier one']])('%s', (when) => {
    const cwd = writeTree(workspace(), { 'in/d/a': 'a', 'outside/b': 'b' });
    if (when === 'over an earlier one') writeTree(cwd, { 'out/d/a': 'old', 'outside/a': 'precious' });
    const before = contentsOf(join(cwd, 'outside'));
    const body = `
      const { cwd } = argument;
      const transform = (content) => {
        fs.renameSync(cwd + '/out/d', cwd + '/moved');
        fs.symlinkSync(cwd + '/outside', cwd + '/out/d');
        return 'transformed';
      };
      return lib.copy({ from: 'in', to: 'out', transform }, { cwd });`;
    const { value, error } = inProcess(body, { cwd }, { env: { FS_REFLINK_NATIVE: native } });
    expect(contentsOf(join(cwd, 'outside'))).toEqual(before);
    if (native === 'off') {
      expect(error).toMatchObject({ code: 'ELOOP', destination: join(cwd, 'out/d/a') });
    } else {
      // The file is written to the directory that was opened, which has been moved since.
      expect(value).toMatchObject({ methods: { transform: { files: 1 } } });
      expect(readFileSync(join(cwd, 'moved/a'), 'utf8')).toBe('transformed');
    }
  });
});
