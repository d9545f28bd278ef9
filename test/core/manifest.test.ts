import fs, {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CopyOptions, copy, plan, type Target } from 'fs-reflink';
import { describe, expect, it, vi } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { cannotGiveUpRights } from '../support/other-user.ts';
import { directory, symlink, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import {
  asNobody,
  contentsOf,
  filesOf,
  fill,
  inProcess,
  leavingNothing,
  refusal,
  workspace,
} from './support.ts';

const files = { 'in/a': 'aaa', 'in/b': 'bbb', 'in/deep/c': 'ccc' };

async function prepared(spec: Parameters<typeof writeTree>[1] = files) {
  const cwd = writeTree(workspace(), spec);
  await pastTick();
  const run = (options: CopyOptions = {}, target: Partial<Target> = {}) =>
    copy({ from: 'in', to: 'out', ...target }, { cwd, manifest: 'cache/manifest', ...options });
  return { cwd, run, at: (path: string) => join(cwd, path) };
}

/** Changes the content, but not the size and the modification time, as in a package store with constant times. */
function changeUnseen(path: string): void {
  const { atime, mtime, size } = statSync(path);
  writeFileSync(path, 'x'.repeat(size));
  utimesSync(path, atime, mtime);
}

describe('a copy with a manifest', () => {
  it('deletes a stale file that was in the output before it was emptied, although its time lies ahead', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/a'));
    writeFileSync(at('out/a'), 'of somebody else');
    const ahead = new Date('2100-01-01');
    utimesSync(at('out/a'), ahead, ahead);
    expect(await run({ prune: true, emptiedAt: Date.now() + 60_000, pruneRoots: ['out'] })).toMatchObject({
      pruned: 1,
    });
    expect(existsSync(at('out/a'))).toBe(false);
  });

  it.each([
    { name: 'on the calling thread', held: false },
    { name: 'in worker threads', held: true },
  ])(
    'leaves alone a file whose modification time lies ahead, and sees it change, $name',
    async ({ held }) => {
      const { run, at } = await prepared();
      const ahead = new Date('2100-01-01');
      utimesSync(at('in/a'), ahead, ahead);
      await pastTick();
      const workers = held ? await bootWorkers(1) : undefined;
      expect(await run()).toMatchObject({ files: 3, unchanged: 0 });
      expect(statSync(at('out/a')).mtime).toEqual(ahead);
      expect(await run()).toMatchObject({ files: 0, unchanged: 3 });
      await pastTick();
      changeUnseen(at('in/a'));
      expect(statSync(at('in/a')).mtime).toEqual(ahead);
      expect(await run()).toMatchObject({ files: 1, unchanged: 2 });
      expect(readFileSync(at('out/a'), 'utf8')).toBe('xxx');
      await workers?.dispose();
    },
  );

  it('leaves alone what did not change, and then writes nothing', async () => {
    const { cwd, run, at } = await prepared();
    expect(await leavingNothing(cwd, () => run())).toMatchObject({ files: 3, unchanged: 0 });
    const state = () => {
      const { ino, mtimeNs, ctimeNs } = statSync(at('cache/manifest'), { bigint: true });
      return { ino, mtimeNs, ctimeNs };
    };
    const before = state();
    expect(await leavingNothing(cwd, () => run())).toMatchObject({ files: 0, bytes: 0, unchanged: 3 });
    expect(state()).toEqual(before);
  });

  const changes: [what: string, change: (at: (path: string) => string) => void][] = [
    ['a source with new content of the same size and modification time', (at) => changeUnseen(at('in/a'))],
    ['a source that grew', (at) => appendFileSync(at('in/a'), 'more')],
    ['a source with another mode', (at) => chmodSync(at('in/a'), 0o755)],
    [
      'a source that was replaced by another with its times',
      (at) => {
        cpSync(at('in/a'), at('spare'), { preserveTimestamps: true });
        renameSync(at('spare'), at('in/a'));
      },
    ],
    ['a destination somebody edited', (at) => writeFileSync(at('out/a'), 'mine')],
    ['a destination with new content and the old times', (at) => changeUnseen(at('out/a'))],
    ['a destination somebody deleted', (at) => rmSync(at('out/a'))],
  ];
  it.each(changes)('copies %s again, and only that', async (_what, change) => {
    const { run, at } = await prepared();
    await run();
    change(at);
    await pastTick();
    expect(await run()).toMatchObject({ files: 1, unchanged: 2 });
    expect(readFileSync(at('out/a'))).toEqual(readFileSync(at('in/a')));
    expect(statSync(at('out/a')).mode).toBe(statSync(at('in/a')).mode);
    expect(await run()).toMatchObject({ files: 0, unchanged: 3 });
  });

  it('copies all again with other options that change the result', async () => {
    const { run } = await prepared();
    await run();
    expect(await run({ preserve: [] })).toMatchObject({ files: 3 });
    expect(await run({ preserve: [] })).toMatchObject({ unchanged: 3 });
    expect(await run({ preserve: [], durability: 'file' })).toMatchObject({ unchanged: 3 });
  });

  it('does not trust a file that was just written', async () => {
    const { run, at } = await prepared();
    await run();
    writeFileSync(at('in/a'), 'new');
    await run();
    changeUnseen(at('in/a'));
    await run();
    expect(readFileSync(at('out/a'), 'utf8')).toBe('xxx');
  });

  it('keeps links, and a linked file is as its target is', async () => {
    const { run, at } = await prepared({ ...files, 'in/link': symlink('a') });
    await run();
    expect(await run()).toMatchObject({ unchanged: 4 });
    changeUnseen(at('in/a'));
    expect(await run()).toMatchObject({ files: 2, unchanged: 2 });
    await pastTick();
    expect(await run({ symlinks: 'keep' })).toMatchObject({ files: 3, links: 1 });
    await pastTick();
    expect(await run({ symlinks: 'keep' })).toMatchObject({ unchanged: 4 });
  });

  it.each([1, 2])('works in worker threads, %d of them', async (count) => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files: 300, folders: 3 });
    await pastTick();
    const workers = await bootWorkers(count);
    const run = (target: Partial<Target> = {}) =>
      copy({ from: 'in', to: 'out', ...target }, { cwd, manifest: 'm', concurrency: count, prune: true });
    expect(await run()).toMatchObject({ files: 300 });
    expect(await run()).toMatchObject({ files: 0, unchanged: 300 });
    expect(await run({ filter: () => true })).toMatchObject({ files: 0, unchanged: 300 });
    for (let file = 0; file < 100; file++) rmSync(join(cwd, `in/folder-${file % 3}/file-${file}.bin`));
    expect(await run()).toMatchObject({ files: 0, unchanged: 200, pruned: 100 });
    await workers.dispose();
    expect(contentsOf(join(cwd, 'out'))).toEqual(contentsOf(join(cwd, 'in')));
  });

  it('is independent of how the destination is divided into targets', async () => {
    const { cwd, run } = await prepared();
    await run();
    const targets = [
      { from: 'in/a', to: 'out' },
      { from: 'in/b', to: 'out' },
      { from: 'in/deep', to: 'out/deep' },
    ];
    expect(await copy(targets, { cwd, manifest: 'cache/manifest' })).toMatchObject({ unchanged: 3 });
  });
});

describe('a manifest in the destination', () => {
  it.each(['placed', 'everything'] as const)('stays, with prune: %s', async (prune) => {
    const { run, at } = await prepared({ ...files, 'out/stale': 's', 'out/old/stale': 's' });
    for (const manifest of ['out/manifest', 'out/old/manifest']) {
      const options = { manifest, prune };
      await run(options);
      const again = await run(options);
      expect(again).toMatchObject({ files: 0, unchanged: 3, pruned: 0, warnings: [] });
      expect(existsSync(at(manifest))).toBe(true);
      rmSync(at('in/b'));
      expect(await run(options)).toMatchObject({ files: 0, unchanged: 2, pruned: 1 });
      writeTree(at('.'), { 'in/b': 'bbb' });
      rmSync(at(manifest));
      await pastTick();
    }
  });
});

describe('a manifest that cannot be used', () => {
  const damages: [what: string, damage: (manifest: string) => void][] = [
    ['empty', (manifest) => writeFileSync(manifest, '')],
    ['of another version', (manifest) => writeFileSync(manifest, 'fs-reflink manifest 999\n')],
    ['full of zeros', (manifest) => writeFileSync(manifest, Buffer.alloc(5000))],
    ['cut short', (manifest) => writeFileSync(manifest, readFileSync(manifest).subarray(0, -1))],
    ['longer than it says', (manifest) => appendFileSync(manifest, 'x')],
    [
      'with its index overwritten',
      (manifest) => {
        const bytes = readFileSync(manifest);
        writeFileSync(manifest, bytes.fill('#', bytes.length - 60, bytes.length - 4));
      },
    ],
  ];
  it.each(damages)('because it is %s is warned about, and all is copied', async (_what, damage) => {
    const { run, at } = await prepared();
    await run();
    damage(at('cache/manifest'));
    const report = await run({ prune: 'placed' });
    expect(report).toMatchObject({ files: 3, pruned: 0 });
    expect(report.warnings).toEqual([expect.stringMatching(/manifest .*cache\/manifest.* is damaged/)]);
    expect(await run()).toMatchObject({ unchanged: 3, warnings: [] });
  });

  it('is read whole if each read returns one byte, as the system may do', async () => {
    const { run } = await prepared();
    await run();
    const { readSync } = fs;
    type All = [fd: number, into: Uint8Array, offset: number, length: number, at: number | null];
    const readOne = (...[fd, into, offset, , at]: All) => readSync(fd, into, offset, 1, at);
    vi.spyOn(fs, 'readSync').mockImplementation(readOne as never);
    try {
      expect(await run()).toMatchObject({ unchanged: 3, warnings: [] });
    } finally {
      vi.restoreAllMocks();
    }
  });

  it.each([
    ['a source', 'in/a'],
    ['a file of the user', 'notes'],
    ['a short file of the user', 'short'],
    ['a link to a file of the user', 'link'],
  ])('because it is %s is an error, and nothing is written', async (_what, manifest) => {
    const cwd = writeTree(workspace(), {
      ...files,
      notes: 'n'.repeat(500),
      short: 'f',
      link: symlink('notes'),
    });
    const before = contentsOf(cwd);
    for (const act of [copy, plan]) {
      const error = await refusal(() => act({ from: 'in', to: 'out' }, { cwd, manifest }));
      expect(error).toMatchObject({ code: 'ERR_MANIFEST', destination: join(cwd, manifest) });
      expect(contentsOf(cwd)).toEqual(before);
    }
  });

  it.each([
    ['one directory', { from: 'in', to: 'out' }],
    ['a new name', { from: 'in', to: 'out', rename: (path: string) => (path === 'b' ? 'a' : `${path}.new`) }],
  ])('because it is the destination of a file is an error: %s', async (_what, target) => {
    const { cwd, at } = await prepared();
    const error = await refusal(() => copy(target, { cwd, manifest: 'out/a' }));
    expect(error).toMatchObject({ code: 'ERR_MANIFEST', destination: at('out/a') });
    expect(error.source).toMatch(/in\/[ab]$/);
    expect(existsSync(at('out/a'))).toBe(false);
  });

  it('because it is a directory is warned about, and all is copied; an empty one is replaced', async () => {
    const { run, at } = await prepared();
    mkdirSync(at('cache/manifest'), { recursive: true });
    const unread = expect.stringMatching(/manifest .*cache\/manifest" cannot be read .*EISDIR/);
    expect(await run()).toMatchObject({ files: 3, warnings: [unread] });
    expect(await run()).toMatchObject({ unchanged: 3, warnings: [] });
    rmSync(at('cache/manifest'));
    mkdirSync(at('cache/manifest/something'), { recursive: true });
    for (let time = 0; time < 2; time++) {
      const unwritten = expect.stringMatching(/Cannot write .*cache\/manifest".* copies everything again/);
      expect(await run()).toMatchObject({ files: 3, warnings: [unread, unwritten] });
    }
  });

  it.skipIf(cannotGiveUpRights())(
    'because it may not be read is warned about, and it is replaced',
    async () => {
      const { cwd, at } = await prepared();
      mkdirSync(at('cache'));
      writeFileSync(at('cache/manifest'), 'of root', { mode: 0o600 });
      for (const path of ['.', 'in', 'in/deep', 'cache']) chmodSync(at(path), 0o777);
      const { value } = inProcess(
        `${asNobody}
       if (process.getuid() === fs.statSync(argument.cwd + '/cache/manifest').uid) fs.chmodSync(argument.cwd + '/cache/manifest', 0);
       await new Promise((resolve) => setTimeout(resolve, 70));
       const run = () => lib.copy({ from: 'in', to: 'out' }, { ...argument, manifest: 'cache/manifest' });
       return [await run(), await run()];`,
        { cwd },
      );
      const warnings = [expect.stringMatching(/manifest .*cannot be read and was ignored: .*EACCES/)];
      expect(value).toMatchObject([
        { files: 3, warnings },
        { files: 0, unchanged: 3, warnings: [] },
      ]);
    },
  );

  it('because it cannot be written is warned about', async () => {
    const { run, at } = await prepared();
    // The name is so long that the name of its lock is too long.
    const manifest = `cache/${'m'.repeat(253)}`;
    for (let time = 0; time < 2; time++) {
      const report = await run({ manifest });
      expect(report).toMatchObject({ files: 3, unchanged: 0 });
      expect(report.warnings).toEqual([
        expect.stringMatching(/Cannot write .*cache.*ENAMETOOLONG.* everything again/),
      ]);
    }
    expect(readFileSync(at('out/a'), 'utf8')).toBe('aaa');
  });

  it('because the project was moved means that all is copied, and nothing is pruned', async () => {
    const { cwd, run } = await prepared();
    await run();
    const moved = join(workspace(), 'moved');
    cpSync(cwd, moved, { recursive: true, preserveTimestamps: true });
    rmSync(join(moved, 'in/b'));
    const report = await copy(
      { from: 'in', to: 'out' },
      { cwd: moved, manifest: 'cache/manifest', prune: 'placed' },
    );
    expect(report).toMatchObject({ files: 2, unchanged: 0, pruned: 0 });
    expect(report.warnings).toEqual([expect.stringContaining(`belongs to copies in ${JSON.stringify(cwd)}`)]);
    expect(existsSync(join(moved, 'out/b'))).toBe(true);
    expect(filesOf(join(cwd, 'out'))).toEqual(['a', 'b', 'deep/c']);
    const again = await copy({ from: 'in', to: 'out' }, { cwd: moved, manifest: 'cache/manifest' });
    expect(again.warnings).toEqual([]);
  });

  it.each([1, 4])(
    'because two projects share it is said once in each copy, with %i threads',
    async (concurrency) => {
      const one = await prepared();
      const manifest = one.at('cache/manifest');
      const other = writeTree(workspace(), { 'in/a': 'a', 'in/deep/b': 'b' });
      const copies = [one.cwd, other, one.cwd, other].map(
        (cwd) => () => copy({ from: 'in', to: 'out' }, { cwd, manifest, concurrency }),
      );
      const warnings: string[][] = [];
      for (const act of copies) warnings.push((await act()).warnings);
      const warned = (cwd: string) => [
        expect.stringMatching(`belongs to copies in ${JSON.stringify(cwd)}.* give each its own`),
      ];
      expect(warnings).toEqual([[], warned(one.cwd), warned(other), warned(one.cwd)]);
    },
  );
});

describe('a copy that fails', () => {
  it('keeps what its manifest knows of the other files', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('out/b'));
    mkdirSync(at('out/b'));
    expect((await refusal(() => run())).code).toBe('EISDIR');
    rmSync(at('out/b'), { recursive: true });
    expect(await run()).toMatchObject({ files: 1, unchanged: 2 });
  });

  const crews: [how: string, workers: number, concurrency: number, files: number][] = [
    ['on the calling thread', 0, 1, 20],
    ['on the calling thread, with pauses', 0, 1, 300],
    ['in worker threads of its own', 0, 2, 300],
    ['in one worker thread that was started before', 1, 1, 300],
    ['in two of them', 2, 2, 300],
  ];
  describe.each(crews)('%s', (_how, count, concurrency, files) => {
    const numbers = Array.from({ length: files }, (_each, index) => 100 + index);
    const write = (at: (path: string) => string, content: string) => {
      for (const number of numbers) writeFileSync(at(`in/f${number}`), content);
    };

    it('keeps what it copied before, so that this can be replaced and deleted', async () => {
      const { run, at } = await prepared({ in: directory() });
      write(at, 'one');
      await pastTick();
      const workers = count > 0 ? await bootWorkers(count) : undefined;
      try {
        const again = (options: CopyOptions = {}) => run({ concurrency, overwrite: 'error', ...options });
        await again();
        write(at, 'two, longer');
        await pastTick();
        // The last file, so that others are replaced before it fails.
        const last = at(`out/f${numbers.at(-1)}`);
        rmSync(last);
        mkdirSync(last);
        expect((await refusal(() => again())).code).toBe('EISDIR');
        const replaced = filesOf(at('out')).filter((file) => readFileSync(at(`out/${file}`)).length > 3);
        if (concurrency === 1) expect(replaced.length).toBeGreaterThan(0);
        rmSync(last, { recursive: true });

        expect(await again()).toMatchObject({ unchanged: replaced.length, files: files - replaced.length });
        for (const number of numbers) rmSync(at(`in/f${number}`));
        expect(await again({ prune: true })).toMatchObject({ pruned: files });
      } finally {
        await workers?.dispose();
      }
    });
  });

  const failing: [how: string, fail: (at: (path: string) => string) => Partial<Target>, code: string][] = [
    [
      'its source cannot be read',
      (at) => {
        rmSync(at('in/a'));
        symlinkSync('/proc/self/mem', at('in/a'));
        return {};
      },
      'EIO',
    ],
    [
      'its transform fails',
      (at) => {
        writeFileSync(at('in/a'), 'changed');
        const transform = (content: Buffer) => {
          if (content.toString() !== 'changed') return content;
          throw new Error('no');
        };
        return { transform };
      },
      'ERR_TRANSFORM',
    ],
  ];
  it.each(failing)('keeps that the old file is its own when %s', async (_how, fail, code) => {
    const { run, at } = await prepared();
    await run({ overwrite: 'error' });
    const target = fail(at);
    expect((await refusal(() => run({ overwrite: 'error' }, target))).code).toBe(code);
    expect(readFileSync(at('out/a'), 'utf8')).toBe('aaa');
    rmSync(at('in/a'));
    writeFileSync(at('in/a'), 'new');
    expect(await run({ overwrite: 'error' })).toMatchObject({ files: 1 });
  });

  it('while it prunes keeps what its manifest knows', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/b'));
    const ended = new Error('ended');
    const onPlanned = () => {
      throw ended;
    };
    await expect(run({ prune: true, onPlanned })).rejects.toBe(ended);
    expect(filesOf(at('out'))).toEqual(['a', 'deep/c']);
    expect(await run({ prune: true })).toMatchObject({ files: 0, unchanged: 2 });
  });

  const reason = cannotGiveUpRights();
  it.skipIf(reason)(
    `while it deletes keeps what its manifest knows${reason ? ` (skipped: ${reason})` : ''}`,
    () => {
      const stale = Object.fromEntries(
        Array.from({ length: 30 }, (_each, index) => [`out/stale-${index}`, 's']),
      );
      const locked = { 'out/locked/x': 'x', 'out/locked': directory({ mode: 0o555 }) };
      const cwd = writeTree(workspace(), { ...files, ...stale, ...locked });
      for (const path of ['', ...Object.keys(contentsOf(cwd))]) {
        if (process.getuid?.() === 0) chownSync(join(cwd, path), 65534, 65534);
      }
      const { value } = inProcess(
        `${asNobody}
       await new Promise((resolve) => setTimeout(resolve, 70));
       const run = (more) => lib.copy({ from: 'in', to: 'out' }, { ...argument, manifest: 'manifest', ...more });
       await run({});
       const error = await run({ prune: 'everything' }).then(() => undefined, plain);
       return { error, after: await run({}) };`,
        { cwd },
      );
      expect(value).toMatchObject({ error: { code: 'EACCES' }, after: { files: 0, unchanged: 3 } });
      chmodSync(join(cwd, 'out/locked'), 0o755);
    },
  );
});

describe('what was copied stays known', () => {
  it('after a directory of the destination could not be opened', () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'in/deep/er/stale': 's' });
    for (const path of ['', ...Object.keys(contentsOf(cwd))]) {
      if (process.getuid?.() === 0) chownSync(join(cwd, path), 65534, 65534);
    }
    const { value } = inProcess(
      `${asNobody}
       await new Promise((resolve) => setTimeout(resolve, 70));
       const run = async () => {
         const options = { ...argument, manifest: 'manifest', prune: 'placed' };
         const { pruned, warnings } = await lib.copy({ from: 'in', to: 'out' }, options);
         return { pruned, warnings };
       };
       await run();
       fs.rmSync(argument.cwd + '/in/deep', { recursive: true });
       fs.chmodSync(argument.cwd + '/out/deep', 0);
       const closed = await run();
       fs.chmodSync(argument.cwd + '/out/deep', 0o755);
       return { closed, open: await run() };`,
      { cwd },
    );
    expect(value).toEqual({
      closed: {
        pruned: 0,
        warnings: [
          expect.stringMatching(
            /stale files in ".*out\/deep\/er" were not deleted: EACCES: .*; the next copy/,
          ),
        ],
      },
      open: { pruned: 1, warnings: [] },
    });
    expect(filesOf(join(cwd, 'out'))).toEqual(['a']);
  });

  it('after its filesystem was mounted again and has another device number', async () => {
    const { run, at } = await prepared();
    await run();
    changeDevice(at('cache/manifest'), 3);
    rmSync(at('in/b'));
    expect(await run({ overwrite: 'error', prune: true })).toMatchObject({
      ...{ files: 0, unchanged: 2, pruned: 1 },
    });
  });

  it('after two copies at once with one manifest', async () => {
    const { run, at } = await prepared();
    await Promise.all([run({}, { from: 'in' }), run({}, { from: 'in', to: 'other' })]);
    expect(await run({}, { from: 'in' })).toMatchObject({ files: 0, unchanged: 3 });
    expect(await run({}, { from: 'in', to: 'other' })).toMatchObject({ files: 0, unchanged: 3 });
    expect(filesOf(at('cache'))).toEqual(['manifest']);
  });
});

describe.each([
  { name: 'on the calling thread', held: 0, target: {} },
  { name: 'in a worker thread', held: 1, target: {} },
  { name: 'on the calling thread, although one is held', held: 1, target: { filter: () => true } },
])('a copy that deletes what is stale, $name', ({ held, target }) => {
  it('does not delete what another copy records after it began', async () => {
    const { run, at } = await prepared();
    const began = Date.now() - 1;
    // The other copy ends before this one reads the manifest, although by the clock this one started earlier.
    await run({}, { to: 'other' });
    const workers = held ? await bootWorkers(held) : undefined;
    vi.useFakeTimers({ now: began, toFake: ['Date'] });
    const copying = run({ prune: true }, target);
    vi.useRealTimers();
    expect(await copying).toMatchObject({ files: 3, pruned: 0, warnings: [] });
    expect(filesOf(at('other'))).toEqual(['a', 'b', 'deep/c']);
    // A copy that starts later deletes the files that its targets do not name.
    expect(await run({ prune: true }, target)).toMatchObject({ unchanged: 3, pruned: 3 });
    expect(existsSync(at('other'))).toBe(false);
    await workers?.dispose();
  });
});

it('the first copy of a process does not delete what another process recorded since this one was started', async () => {
  const { cwd, at } = await prepared();
  const program = fileURLToPath(new URL('../../packages/core/bin/fs-reflink.js', import.meta.url));
  const { value } = inProcess(
    `const { execFileSync } = await import('node:child_process');
     const { program, cwd } = argument;
     execFileSync(process.execPath, [program, 'cp', '-r', '--manifest=manifest', 'in', 'other'], { cwd });
     const copied = [];
     for (let copy = 0; copy < 2; copy++) {
       const { pruned } = await lib.copy({ from: 'in', to: 'out' }, { cwd, manifest: 'manifest', prune: true });
       copied.push({ pruned, isThere: fs.existsSync(cwd + '/other') });
     }
     return copied;`,
    { program, cwd },
  );
  expect(value).toEqual([
    { pruned: 0, isThere: true },
    { pruned: 3, isThere: false },
  ]);
  expect(filesOf(at('out'))).toEqual(['a', 'b', 'deep/c']);
});

/** Changes the device in both sides of each record, as if the filesystem was mounted again. */
function changeDevice(manifest: string, files: number): void {
  const bytes = readFileSync(manifest);
  const start = bytes.length - 4 - bytes.readUInt32LE(bytes.length - 4);
  const { sections } = JSON.parse(bytes.toString('utf8', start, bytes.length - 4)) as {
    sections: [directory: string, files: number, textBytes: number][];
  };
  let at = 128;
  for (const [, count, textBytes] of sections) {
    at += textBytes;
    for (const end = at + count * 80; at < end; at += 40) {
      const number = bytes.readUInt32LE(at);
      expect(number).not.toBe(0);
      bytes.writeUInt32LE(number + 1, at);
    }
  }
  expect(sections.reduce((sum, [, count]) => sum + count, 0)).toBe(files);
  writeFileSync(manifest, bytes);
}
