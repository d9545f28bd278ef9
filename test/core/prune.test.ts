import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, plan, type Target } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { directory, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, filesOf, inProcess, leavingNothing, refusal, rejection, workspace } from './support.ts';

const source = { 'in/a': 'a', 'in/b': 'b', 'in/deep/c': 'c', 'in/deep/er/d': 'd' };

async function prepared(more: TreeSpec = {}) {
  const cwd = writeTree(workspace(), { ...source, ...more });
  await pastTick();
  const run = (options: CopyOptions = {}, target: Target | Target[] = { from: 'in', to: 'out' }) =>
    leavingNothing(cwd, () => copy(target, { cwd, manifest: 'cache/manifest', prune: 'placed', ...options }));
  return { cwd, run, at: (path: string) => join(cwd, path) };
}

/** Replaces a text in the index of a manifest and in its names, and updates their length in the index. */
function editManifest(manifest: string, before: string, after: string): void {
  const bytes = readFileSync(manifest);
  const end = bytes.length - 4 - bytes.readUInt32LE(bytes.length - 4);
  const text = bytes.toString('utf8', end, bytes.length - 4);
  const { sections, ...header } = JSON.parse(text.replace(before, after)) as {
    sections: [directory: string, files: number, textBytes: number][];
  };
  const pieces = [bytes.subarray(0, 128)];
  let at = 128;
  let isFound = text.includes(before);
  for (const section of sections) {
    const [, files, textBytes] = section;
    const names = bytes.toString('utf8', at, at + textBytes);
    isFound ||= names.includes(before);
    const edited = Buffer.from(names.replace(before, after));
    section[2] = edited.length;
    pieces.push(edited, bytes.subarray(at + textBytes, at + textBytes + files * 80));
    at += textBytes + files * 80;
  }
  expect(isFound).toBe(true);
  const index = Buffer.from(JSON.stringify({ ...header, sections }));
  const footer = Buffer.alloc(4);
  footer.writeUInt32LE(index.length);
  writeFileSync(manifest, Buffer.concat([...pieces, index, footer]));
}

describe("prune: 'placed'", () => {
  it('deletes what is no longer there, with the directories it leaves empty', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/deep'), { recursive: true });
    rmSync(at('in/b'));
    const report = await run({ entries: true });
    expect(report).toMatchObject({ pruned: 3, files: 0, unchanged: 1 });
    expect(contentsOf(at('out'))).toEqual({ a: expect.any(String) });
    const pruned = report.entries!.filter(({ action }) => action === 'pruned');
    expect(pruned.map(({ destination }) => destination).sort()).toEqual(
      ['b', 'deep/c', 'deep/er/d'].map((path) => at(`out/${path}`)),
    );
  });

  it('keeps directories that get other files, and so their owner, mode and place', async () => {
    const { cwd, run, at } = await prepared();
    await run();
    const directories = ['out', 'out/deep', 'out/deep/er'].map(at);
    const states = () =>
      directories.map((each) => [statSync(each).ino, (statSync(each).mode & 0o777).toString(8)]);
    for (const each of directories) chmodSync(each, 0o700);
    const before = states();
    rmSync(at('in'), { recursive: true });
    writeTree(cwd, { 'in/deep/er/new': 'n' });
    const options = { cwd, manifest: 'cache/manifest', prune: 'placed' } as const;
    const planned = await plan({ from: 'in', to: 'out' }, options);
    const report = await run();
    expect(report).toMatchObject({ pruned: 4, files: 1, directories: 0 });
    expect(planned).toMatchObject({ pruned: 4, files: 1, directories: 0 });
    expect(filesOf(at('out'))).toEqual(['deep/er/new']);
    expect(states()).toEqual(before);
  });

  it("adds to the report what was deleted, and nothing else, with entries: 'pruned'", async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/deep'), { recursive: true });
    const { entries } = await run({ entries: 'pruned' });
    expect(entries).toHaveLength(2);
    expect(entries).toEqual(
      expect.arrayContaining(
        ['deep/c', 'deep/er/d'].map((path) => ({
          destination: at(`out/${path}`),
          action: 'pruned',
          bytes: 0,
        })),
      ),
    );
  });

  it('is what true means', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/b'));
    expect(await run({ prune: true })).toMatchObject({ pruned: 1 });
  });

  it('leaves alone what it did not place, and its directories', async () => {
    const { run, at } = await prepared({ 'out/theirs': 't', 'out/deep/er/theirs': 't' });
    await run();
    rmSync(at('in'), { recursive: true });
    mkdirSync(at('in'));
    expect(await run()).toMatchObject({ pruned: 4 });
    expect(filesOf(at('out'))).toEqual(['deep/er/theirs', 'theirs']);
  });

  const edits: [how: string, edit: (path: string) => void][] = [
    ['edited', (path) => writeFileSync(path, 'mine')],
    [
      'replaced',
      (path) => {
        writeFileSync(`${path}.new`, 'b');
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'made a directory',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ];
  it.each(edits)('leaves alone what somebody has %s since, for ever', async (_how, edit) => {
    const { run, at } = await prepared();
    await run();
    edit(at('out/b'));
    const before = contentsOf(at('out'));
    rmSync(at('in/b'));
    for (let turn = 0; turn < 2; turn++) expect(await run()).toMatchObject({ pruned: 0 });
    expect(contentsOf(at('out'))).toEqual(before);
  });

  it('deletes what was copied by a target that is gone', async () => {
    const { run, at } = await prepared({ 'other/x': 'x' });
    await run({}, [
      { from: 'in', to: 'out' },
      { from: 'other', to: 'elsewhere/deep' },
    ]);
    expect(await run()).toMatchObject({ pruned: 1, unchanged: 4 });
    expect(existsSync(at('elsewhere'))).toBe(false);
  });

  it('deletes links it copied, and not what they point to', async () => {
    const { run, at } = await prepared({ 'in/link': symlink('../outside'), outside: 'o' });
    await run({ symlinks: 'keep' });
    rmSync(at('in/link'));
    expect(await run({ symlinks: 'keep' })).toMatchObject({ pruned: 1 });
    expect(filesOf(at('out'))).not.toContain('link');
    expect(existsSync(at('outside'))).toBe(true);
  });

  it('deletes a link that was left because it leads where it should', async () => {
    const { run, at } = await prepared({ 'in/link': symlink('a') });
    await run({ symlinks: 'keep' });
    await pastTick();
    rmSync(at('in/link'));
    symlinkSync('a', at('in/link'));
    writeFileSync(at('in/b'), 'changed');
    expect(await run({ symlinks: 'keep' })).toMatchObject({ files: 1, links: 0, pruned: 0 });
    rmSync(at('in/link'));
    expect(await run({ symlinks: 'keep' })).toMatchObject({ pruned: 1 });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it('leaves a directory whose last file went', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/deep/er/d'));
    expect(await run()).toMatchObject({ pruned: 1, unchanged: 3 });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it('deletes nothing behind a link that took the place of a directory', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/deep'), { recursive: true });
    renameSync(at('out/deep'), at('moved'));
    symlinkSync('../moved', at('out/deep'));
    expect(await run()).toMatchObject({ pruned: 0 });
    expect(filesOf(at('moved'))).toEqual(['c', 'er/d']);
  });

  it('deletes nothing behind a link where a target that is gone went', async () => {
    const { run, at } = await prepared();
    await run({}, { from: 'in', to: 'old' });
    renameSync(at('old/deep'), at('moved'));
    symlinkSync('../moved', at('old/deep'));
    expect(await run()).toMatchObject({ pruned: 2 });
    expect(filesOf(at('moved'))).toEqual(['c', 'er/d']);
  });

  it('deletes nothing outside of `cwd` until a target leads there again', async () => {
    const { run, at } = await prepared();
    const elsewhere = workspace();
    const inside: Target = { from: 'in/b', to: 'out' };
    await run({}, [inside, { from: 'in', to: elsewhere }]);
    expect(await run({}, inside)).toMatchObject({ pruned: 0 });
    expect(filesOf(elsewhere)).toEqual(['a', 'b', 'deep/c', 'deep/er/d']);

    rmSync(at('in/deep'), { recursive: true });
    expect(await run({}, [inside, { from: 'in', to: elsewhere }])).toMatchObject({ pruned: 2, unchanged: 3 });
    expect(filesOf(elsewhere)).toEqual(['a', 'b']);
  });

  it.each(['placed', 'everything'] as const)(
    'deletes nothing in a directory elsewhere that its manifest names: %s',
    async (prune) => {
      const { run, at } = await prepared();
      await run();
      const elsewhere = workspace();
      mkdirSync(join(elsewhere, 'out'));
      renameSync(at('out/deep'), join(elsewhere, 'out/deep'));
      editManifest(at('cache/manifest'), `"${at('out/deep')}"`, `"${join(elsewhere, 'out/deep')}"`);
      expect(await run({ prune })).toMatchObject({ pruned: 0 });
      expect(filesOf(join(elsewhere, 'out'))).toEqual(['deep/c', 'deep/er/d']);
    },
  );

  it('deletes nothing by a name in its manifest that leads elsewhere', async () => {
    const { run, at } = await prepared();
    await run();
    renameSync(at('out/deep/er'), at('moved'));
    rmSync(at('in/deep/er'), { recursive: true });
    mkdirSync(at('out/deep/er'));
    editManifest(at('cache/manifest'), '"d"', '"../../../moved/d"');
    expect(await run()).toMatchObject({ pruned: 0 });
    expect(filesOf(at('moved'))).toEqual(['d']);
  });

  it('needs a manifest', async () => {
    for (const prune of [true, 'placed'] as const) {
      const error = await rejection(() => copy({ from: 'a' }, { prune }));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain('"prune" needs "manifest"');
    }
  });
});

describe("prune: 'everything'", () => {
  const theirs: TreeSpec = {
    'out/stale': 's',
    'out/.git/HEAD': 'h',
    'out/old/deep/x': 'x',
    'out/empty': directory(),
    'out/link': symlink('../outside'),
    'out/a': 'old a',
    'out/deep/stale': 's',
    'outside/precious': 'p',
  };

  it.each(['with', 'without'])('deletes all that no target places, %s a manifest', async (which) => {
    const { run, at } = await prepared(theirs);
    const options = which === 'with' ? {} : ({ manifest: undefined } as unknown as CopyOptions);
    const report = await run({ ...options, prune: 'everything' });
    expect(report).toMatchObject({ files: 4, pruned: 5 });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
    expect(contentsOf(at('outside'))).toEqual({ precious: expect.any(String) });
  });

  it('leaves alone what "keep" and "manifest" name by another path of the directory', async () => {
    const { run, at } = await prepared({
      ...{ 'real/out/kept/x': 'x', 'real/out/link/y': 'y', 'real/out/gone': 'z' },
      ...{ alias: symlink('real'), 'real/out/same': symlink('kept') },
    });
    const options = (above: string, other: string): [CopyOptions, Target] => [
      {
        prune: 'everything',
        keep: ['kept', 'same', 'link/y', 'missing'].map((name) => at(`${other}/out/${name}`)),
        manifest: at(`${other}/out/own.manifest`),
      },
      { from: 'in/a', to: `${above}/out/` },
    ];
    expect(await run(...options('real', 'alias'))).toMatchObject({ files: 1, pruned: 1 });
    expect(await run(...options('real', 'alias'))).toMatchObject({ unchanged: 1, pruned: 0 });
    const [{ keep }, target] = options('alias', 'real');
    const all = [...keep!, at('real/out/own.manifest')];
    expect(await run({ prune: 'everything', keep: all }, target)).toMatchObject({ pruned: 0 });
    const files = filesOf(at('real/out')).filter((name) => !name.startsWith('same/'));
    expect(files.sort()).toEqual(['a', 'kept/x', 'link/y', 'own.manifest', 'same']);
  });

  it('keeps the files that are copied until they are replaced, also if the copy fails before', async () => {
    const { run, at } = await prepared(theirs);
    const failure = new Error('of the user');
    const options = {
      prune: 'everything',
      manifest: undefined,
      onPlanned: () => {
        throw failure;
      },
    } as unknown as CopyOptions;
    await expect(run(options)).rejects.toBe(failure);
    expect(readFileSync(at('out/a'), 'utf8')).toBe('old a');
    expect(existsSync(at('out/stale'))).toBe(false);
  });

  it('does it in worker threads too', async () => {
    const { run, at } = await prepared(theirs);
    const workers = await bootWorkers(2);
    expect(await run({ prune: 'everything' })).toMatchObject({ files: 4, pruned: 5 });
    await workers.dispose();
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it('leaves alone what is to be kept, with all that is in it and above it', async () => {
    const { run, at } = await prepared(theirs);
    await run({ prune: 'everything', keep: ['.git', 'old/deep/x', 'link/'] });
    expect(filesOf(at('out')).sort()).toEqual(
      ['.git/HEAD', 'a', 'b', 'deep/c', 'deep/er/d', 'link', 'old/deep/x'].sort(),
    );
  });

  it('leaves alone what is to be kept, also what was copied there once', async () => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('in/deep'), { recursive: true });
    expect(await run({ prune: 'everything', keep: ['deep/er'] })).toMatchObject({ pruned: 1 });
    expect(filesOf(at('out'))).toEqual(['a', 'b', 'deep/er/d']);
    expect(await run()).toMatchObject({ pruned: 1 });
    expect(filesOf(at('out'))).toEqual(['a', 'b']);
  });

  it('leaves alone what is to be kept in a destination that lies in another', async () => {
    const { run, at } = await prepared({ 'more/x': 'x', 'out/nested/kept/y': 'y' });
    const targets = [
      { from: 'in', to: 'out' },
      { from: 'more', to: 'out/nested' },
    ];
    expect(await run({ prune: 'everything', keep: ['kept'] }, targets)).toMatchObject({ pruned: 0 });
    expect(filesOf(at('out/nested'))).toEqual(['kept/y', 'x']);
  });

  it.each([
    ['first', -1],
    ['last', 1],
  ])(
    'deletes nothing behind a link in the place of a destination that is named %s',
    async (_which, order) => {
      const { run, at } = await prepared({ 'more/x': 'x' });
      const targets = [
        { from: 'in', to: 'out' },
        { from: 'more', to: 'out/nested' },
      ].sort((one, other) => order * (one.to.length - other.to.length));
      await run({ prune: 'everything' }, targets);
      renameSync(at('out/nested'), at('moved'));
      symlinkSync('../moved', at('out/nested'));
      writeFileSync(at('moved/precious'), 'p');
      await run({ prune: 'everything' }, targets);
      expect(filesOf(at('moved'))).toEqual(['precious', 'x']);
      expect(contentsOf(at('out/nested'))).toEqual(contentsOf(at('more')));
    },
  );

  it('deletes what was copied elsewhere, also when there is nothing where files go now', async () => {
    const { run, at } = await prepared();
    await run();
    const report = await run({ prune: 'everything' }, { from: 'in', to: 'other' });
    expect(report).toMatchObject({ files: 4, pruned: 4 });
    expect(existsSync(at('out'))).toBe(false);
  });

  it('makes room where the kind has changed', async () => {
    const { run, at } = await prepared({ 'out/a/was/directory': 'x', 'out/deep': 'was a file' });
    await run({ prune: 'everything' });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it('keeps what has not changed', async () => {
    const { run } = await prepared(theirs);
    await run({ prune: 'everything' });
    expect(await run({ prune: 'everything' })).toMatchObject({ files: 0, unchanged: 4, pruned: 0 });
  });

  it('reaches no further than the directories targets go to', async () => {
    const { run, at } = await prepared(theirs);
    await run({ prune: 'everything' }, { from: 'in', to: 'out/deep' });
    expect(filesOf(at('out/deep'))).toEqual(['a', 'b', 'deep/c', 'deep/er/d']);
    expect(existsSync(at('out/stale'))).toBe(true);
  });

  it('keeps each target for the others', async () => {
    const { run, at } = await prepared({ 'more/x': 'x', 'out/nested/stale': 's' });
    const targets = [
      { from: 'in', to: 'out' },
      { from: 'more', to: 'out/nested' },
    ];
    expect(await run({ prune: 'everything' }, targets)).toMatchObject({ files: 5, pruned: 1 });
    expect(filesOf(at('out'))).toEqual(['a', 'b', 'deep/c', 'deep/er/d', 'nested/x']);
  });

  it.each([
    [false, 3],
    ['changed', 3],
    [true, 4],
  ] as const)('leaves planned files to what overwrite: %s says', async (overwrite, files) => {
    const { cwd, run } = await prepared(theirs);
    await copy({ from: 'in/a', to: 'out' }, { cwd });
    const options = { prune: 'everything', overwrite, manifest: undefined } as unknown as CopyOptions;
    expect(await run(options)).toMatchObject({ files, unchanged: 4 - files });
  });

  const within: [what: string, more: TreeSpec, targets: Target | Target[]][] = [
    ['a file in the destination', {}, { from: 'out/stale', to: 'out', rename: 'a' }],
    ['a file that stays where it is', {}, { from: 'out/a', to: 'out' }],
    ['a glob in the destination', {}, { from: 'out/old/**', to: 'out' }],
    [
      "a directory in another target's destination",
      {},
      [
        { from: 'in', to: 'out' },
        { from: 'out/old', to: 'elsewhere' },
      ],
    ],
    ['a link into the destination', { 'in/link': symlink('../out/stale') }, { from: 'in', to: 'out' }],
    [
      'a linked directory in the destination',
      { 'in/link': symlink('../out/old') },
      { from: 'in', to: 'out' },
    ],
  ];
  it.each(within)('refuses to delete what is to be copied: %s', async (_what, more, targets) => {
    const { cwd, run, at } = await prepared({ ...theirs, ...more });
    const before = contentsOf(cwd);
    const options = { prune: 'everything', manifest: undefined } as unknown as CopyOptions;
    const error = await refusal(() => run(options, targets));
    expect(error).toMatchObject({ code: 'ERR_NESTED', destination: at('out') });
    expect(error.message).toContain('to be emptied');
    expect(contentsOf(cwd)).toEqual(before);
  });

  const undecodable = (root: string, name: string) =>
    Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);

  /**
   * Creates a destination with a file, a link and directories whose names are not UTF-8, and files with similar
   * names.
   */
  async function preparedUndecodable() {
    const { cwd, run, at } = await prepared({
      'in/valid\u{FFFD}': 'v',
      'out/valid\u{FFFD}': 'old',
      outside: 'o',
    });
    writeFileSync(undecodable(at('out'), 'file\xff'), 's');
    // Decoded as UTF-8, its name is the name of a planned file.
    writeFileSync(undecodable(at('out'), 'valid\xff'), 's');
    symlinkSync('../outside', undecodable(at('out'), 'link\xff'));
    for (const name of ['dir\xfe', 'dir\xfe/deep\xff', 'dir\xfe/plain'])
      mkdirSync(undecodable(at('out'), name));
    for (const name of ['dir\xfe/a', 'dir\xfe/b\xff', 'dir\xfe/deep\xff/c', 'dir\xfe/plain/d'])
      writeFileSync(undecodable(at('out'), name), 's');
    return { cwd, run, at };
  }

  it.each([
    ['this thread', 'native', 0],
    ['worker threads', 'native', 2],
    ['this thread', 'node:fs', 0],
  ])('deletes what has a name that is not UTF-8, in %s (%s)', async (_where, lane, threads) => {
    const { cwd, run, at } = await preparedUndecodable();
    const workers = threads > 0 ? await bootWorkers(threads) : undefined;
    const body = `return lib.copy({ from: 'in', to: 'out' }, argument)`;
    const options = { cwd, prune: 'everything' } as const;
    const report =
      lane === 'native'
        ? await run({ ...options, manifest: undefined } as unknown as CopyOptions)
        : inProcess(body, options, { env: { FS_REFLINK_NATIVE: 'off' } }).value;
    await workers?.dispose();
    expect(report).toMatchObject({ files: 5, pruned: 7 });
    expect(readdirSync(at('out'), 'latin1').sort()).toEqual(readdirSync(at('in'), 'latin1').sort());
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
    expect(existsSync(at('outside'))).toBe(true);
  });

  it('a dry run counts what has a name that is not UTF-8, and touches nothing', async () => {
    const { cwd, at } = await preparedUndecodable();
    const before = readdirSync(at('out'), { encoding: 'latin1', recursive: true }).sort();
    expect(await plan({ from: 'in', to: 'out' }, { cwd, prune: 'everything' })).toMatchObject({ pruned: 7 });
    expect(readdirSync(at('out'), { encoding: 'latin1', recursive: true }).sort()).toEqual(before);
  });

  it('copies from what is to be kept', async () => {
    const { run, at } = await prepared(theirs);
    await run({ prune: 'everything', keep: ['old'] }, { from: 'out/old/**', to: 'out' });
    expect(filesOf(at('out'))).toEqual(['deep/x', 'old/deep/x']);
  });

  it('deletes nothing beside the one file that `to` names', async () => {
    const { run, at } = await prepared({ ...theirs, 'in/x.txt': 'x' });
    const target = { from: 'in/x.txt', to: 'out/new.txt' };
    expect(await run({ prune: 'everything' }, target)).toMatchObject({ files: 1, pruned: 0 });
    expect(filesOf(at('out'))).toEqual([
      '.git/HEAD',
      'a',
      'deep/stale',
      'link',
      'new.txt',
      'old/deep/x',
      'stale',
    ]);
  });
});

it.each(['out', 'out/old/deep'])('an abort ends the deletion of very many files in %s', async (below) => {
  const count = 10_000;
  const cwd = writeTree(workspace(), source);
  const directory = join(cwd, below);
  mkdirSync(directory, { recursive: true });
  for (let file = 0; file < count; file++) writeFileSync(join(directory, `${file}`), '');
  const left = () => (existsSync(directory) ? readdirSync(directory).length : 0);
  const controller = new AbortController();
  let looking = setImmediate(function look() {
    if (left() < count) controller.abort();
    else looking = setImmediate(look);
  });
  const options = { cwd, prune: 'everything', signal: controller.signal } as const;
  const error = await rejection(() =>
    leavingNothing(cwd, () => copy({ from: 'in', to: 'out' }, options)),
  ).finally(() => clearImmediate(looking));
  expect(error).toMatchObject({ code: 'ABORT_ERR' });
  expect(left()).toBeGreaterThan(0);
});
