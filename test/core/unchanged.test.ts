import {
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
import { type CopyOptions, copy, type Planned, type Target } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, filesOf, fill, leavingNothing, refusal, workspace } from './support.ts';

async function prepared() {
  const cwd = workspace();
  fill(join(cwd, 'in'), { files: 300, folders: 6 });
  writeTree(join(cwd, 'more'), { 'folder-0/file-0.bin': 'of more', 'folder-0/own': 'own' });
  await pastTick();
  const run = (options: CopyOptions = {}, target: Target | Target[] = { from: 'in', to: 'out' }) =>
    copy(target, { cwd, manifest: 'cache/manifest', prune: 'everything', entries: true, ...options });
  return { cwd, run, at: (path: string) => join(cwd, path) };
}

const stateOf = (path: string) => {
  const { ino, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return { ino, mtimeNs, ctimeNs };
};

describe.each([
  ['on the calling thread', false],
  ['with workers that stand ready', true],
])('most of a tree is in place already, %s', (_where, held) => {
  let workers: Awaited<ReturnType<typeof bootWorkers>> | undefined;
  beforeAll(async () => {
    if (held) workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());

  it('all of it: every file is told, none is touched, nothing is noted anew', async () => {
    const { cwd, run, at } = await prepared();
    await run();
    const before = [stateOf(at('cache/manifest')), stateOf(at('out/folder-3')), stateOf(at('out'))];
    const report = held ? await run() : await leavingNothing(cwd, () => run());
    expect(report).toMatchObject({ files: 0, bytes: 0, unchanged: 300, pruned: 0, directories: 0 });
    const told = report.entries!.map(({ source, destination, action }) => [source, destination, action]);
    const all = filesOf(at('in')).map((path) => [at(`in/${path}`), at(`out/${path}`), 'unchanged']);
    expect(told.sort()).toEqual(all.sort());
    expect([stateOf(at('cache/manifest')), stateOf(at('out/folder-3')), stateOf(at('out'))]).toEqual(before);
  });

  it('what is not ours goes, and that is no reason to note anything', async () => {
    const { run, at } = await prepared();
    await run();
    writeTree(at('out'), {
      'index.html': 'old',
      'assets/old.js': 'old',
      'folder-2/foreign': 'x',
      '.git/x': '',
    });
    const before = stateOf(at('cache/manifest'));
    const report = await run({ keep: ['.git'] });
    expect(report).toMatchObject({ files: 0, unchanged: 300, pruned: 3 });
    expect(contentsOf(at('out'))).toMatchObject(contentsOf(at('in')));
    expect(filesOf(at('out')).filter((path) => !path.endsWith('.bin'))).toEqual(['.git/x']);
    expect(existsSync(at('out/assets'))).toBe(false);
    expect(stateOf(at('cache/manifest'))).toEqual(before);
  });

  it('but for one file: that alone is copied, and all is known after', async () => {
    const { run, at } = await prepared();
    await run();
    const [other] = [stateOf(at('out/folder-1/file-1.bin'))];
    writeFileSync(at('in/folder-1/file-7.bin'), 'changed');
    await pastTick();
    const report = await run();
    expect(report).toMatchObject({ files: 1, unchanged: 299 });
    const [copied] = report.entries!.filter(({ action }) => action === 'copied');
    expect(copied).toMatchObject({ destination: at('out/folder-1/file-7.bin'), method: expect.any(String) });
    expect(readFileSync(at('out/folder-1/file-7.bin'), 'utf8')).toBe('changed');
    expect(stateOf(at('out/folder-1/file-1.bin'))).toEqual(other);
    expect(await run()).toMatchObject({ files: 0, unchanged: 300 });
  });

  it('but for files that came, went or changed on either side, and those alone are told as such', async () => {
    const { run, at } = await prepared();
    await run();
    const before = stateOf(at('out/folder-1/file-13.bin'));
    writeTree(at('in/folder-1'), { new: 'new', 'sub/new': 'new' });
    rmSync(at('in/folder-1/file-1.bin'));
    writeFileSync(at('out/folder-1/file-7.bin'), 'changed');
    rmSync(at('out/folder-2/file-2.bin'));
    await pastTick();
    const report = await run();
    expect(report).toMatchObject({ files: 4, unchanged: 297, pruned: 1, directories: 1 });
    const told = report.entries!.filter(({ action }) => action !== 'unchanged');
    expect(told.map(({ action, destination }) => [action, destination]).sort()).toEqual([
      ['copied', at('out/folder-1/file-7.bin')],
      ['copied', at('out/folder-1/new')],
      ['copied', at('out/folder-1/sub/new')],
      ['copied', at('out/folder-2/file-2.bin')],
      ['pruned', at('out/folder-1/file-1.bin')],
    ]);
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
    expect(stateOf(at('out/folder-1/file-13.bin'))).toEqual(before);
    expect(await run()).toMatchObject({ files: 0, unchanged: 301, pruned: 0 });
  });

  it('but for a directory that went and one that came', async () => {
    const { run, at } = await prepared();
    await run();
    renameSync(at('in/folder-4'), at('in/folder-new'));
    expect(await run()).toMatchObject({ files: 50, unchanged: 250, pruned: 50 });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
    expect(await run()).toMatchObject({ files: 0, unchanged: 300, pruned: 0 });
  });

  it('what is in place can be looked up like all that is planned', async () => {
    const { run, at } = await prepared();
    await run();
    writeFileSync(at('in/folder-1/file-7.bin'), 'changed');
    const found: ReturnType<Planned['find']>[] = [];
    const paths = [at('out/folder-1/file-7.bin'), at('out/folder-2/file-2.bin'), at('out/none')];
    await run({ onPlanned: (planned) => void found.push(planned.find(paths)) });
    expect(found[0]!.sort((one, other) => (one.source < other.source ? -1 : 1))).toEqual([
      { source: at('in/folder-1/file-7.bin'), destination: paths[0], target: 0 },
      { source: at('in/folder-2/file-2.bin'), destination: paths[1], target: 0 },
    ]);
  });

  it('where two targets meet, the second still wins, and what one no longer has goes', async () => {
    const { run, at } = await prepared();
    const both = [
      { from: 'in', to: 'out' },
      { from: 'more', to: 'out' },
    ];
    expect(await run({}, both)).toMatchObject({ files: 301 });
    expect(await run({}, both)).toMatchObject({ files: 0, unchanged: 301 });
    expect(readFileSync(at('out/folder-0/file-0.bin'), 'utf8')).toBe('of more');
    rmSync(at('more/folder-0/file-0.bin'));
    rmSync(at('more/folder-0/own'));
    expect(await run({}, both)).toMatchObject({ files: 1, unchanged: 299, pruned: 1 });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it('what is to be left is not taken for copied', async () => {
    const { run, at } = await prepared();
    const leave = [at('out/folder-1/file-7.bin')];
    expect(await run({ leave })).toMatchObject({ files: 299 });
    expect(await run({ leave })).toMatchObject({ files: 0, unchanged: 299 });
    expect(await run()).toMatchObject({ files: 1, unchanged: 299 });
    expect(await run({ leave, prune: 'placed' })).toMatchObject({ files: 0, unchanged: 299 });
  });

  it('a source that was moved into the destination is refused before anything is deleted', async () => {
    const { run, at } = await prepared();
    await run();
    renameSync(at('in'), at('out/in'));
    symlinkSync('out/in', at('in'));
    const before = contentsOf(at('out'));
    expect(await refusal(() => run())).toMatchObject({ code: 'ERR_NESTED' });
    expect(contentsOf(at('out'))).toEqual(before);
  });

  it('a source directory that was moved into the destination, and is a link to it, is refused too', async () => {
    const { run, at } = await prepared();
    await run();
    renameSync(at('in/folder-3'), at('out/moved'));
    symlinkSync('../out/moved', at('in/folder-3'));
    const before = contentsOf(at('out'));
    expect(await refusal(() => run())).toMatchObject({ code: 'ERR_NESTED' });
    expect(contentsOf(at('out'))).toEqual(before);
  });

  it('a directory of the destination that became a link is replaced, and nothing goes behind it', async () => {
    const { run, at } = await prepared();
    await run();
    renameSync(at('out/folder-5'), at('elsewhere'));
    writeFileSync(at('elsewhere/precious'), '');
    symlinkSync('../elsewhere', at('out/folder-5'));
    const before = contentsOf(at('elsewhere'));
    expect(await run()).toMatchObject({ files: 50, unchanged: 250, pruned: 1, directories: 1 });
    expect(contentsOf(at('elsewhere'))).toEqual(before);
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it.each([
    ['a file', (path: string) => writeFileSync(path, 'foreign')],
    ['a directory', (path: string) => mkdirSync(`${path}s`)],
  ])('%s in place of a directory of the destination goes', async (_what, place) => {
    const { run, at } = await prepared();
    await run();
    rmSync(at('out/folder-5'), { recursive: true });
    place(at('out/folder-5'));
    expect(await run()).toMatchObject({ files: 50, unchanged: 250, directories: 1 });
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
    expect(readdirSync(at('out')).sort()).toEqual(readdirSync(at('in')).sort());
  });

  it.each([
    ['a directory in place of a file', 'out/folder-5/file-5.bin'],
    ['a file in place of a directory to come', 'out/folder-5/sub'],
  ])('%s of the destination goes', async (_what, path) => {
    const { run, at } = await prepared();
    await run();
    rmSync(at(path), { force: true });
    if (path.endsWith('sub')) writeFileSync(at(path), 'foreign');
    else mkdirSync(at(path));
    writeTree(at('in/folder-5/sub'), { new: 'new' });
    await run();
    expect(contentsOf(at('out'))).toEqual(contentsOf(at('in')));
  });

  it('a directory of the destination that became a link is refused where it is not to go', async () => {
    const { run, at } = await prepared();
    await run();
    renameSync(at('out/folder-5'), at('elsewhere'));
    symlinkSync('../elsewhere', at('out/folder-5'));
    expect(await refusal(() => run({ prune: 'placed' }))).toMatchObject({ code: 'ELOOP' });
  });
});
