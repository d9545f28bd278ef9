import { chmodSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import threads from 'node:worker_threads';
import { type CopyEntry, type CopyOptions, type CopyReport, copy, plan, type Target } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { cannotGiveUpRights } from '../support/other-user.ts';
import { orSkipped } from '../support/skip.ts';
import { directory, readTree, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { asNobody, fill, inProcess, leavingNothing, refusal, rejection, workspace } from './support.ts';

interface Case {
  name: string;
  files?: TreeSpec;
  targets?: Target | Target[];
  options?: CopyOptions;
  /** The options of an earlier copy. */
  before?: CopyOptions;
  /** Called between the earlier copy and the plan. */
  change?: (cwd: string) => void;
}

const cases: Case[] = [
  { name: 'a new destination' },
  { name: 'a destination that exists', files: { 'out/a': 'old', 'out/theirs': 't' } },
  { name: 'a destination to be left alone', files: { 'out/a': 'old' }, options: { overwrite: false } },
  {
    name: 'a destination that is compared',
    before: {},
    change: (cwd) => writeTree(cwd, { 'in/a': 'longer than before' }),
    options: { overwrite: 'changed' },
  },
  {
    name: 'a manifest and prune',
    before: { manifest: 'manifest' },
    change: (cwd) => rmSync(join(cwd, 'in/deep'), { recursive: true }),
    options: { manifest: 'manifest', prune: 'placed' },
  },
  {
    name: 'a link that leads where it should',
    files: { 'in/link': symlink('a'), 'out/link': symlink('a') },
    options: { symlinks: 'keep' },
  },
  {
    name: 'everything else to be pruned, some of it copied before',
    before: { manifest: 'manifest' },
    change: (cwd) => {
      rmSync(join(cwd, 'in/deep'), { recursive: true });
      writeTree(cwd, { 'out/theirs': 't' });
    },
    options: { manifest: 'manifest', prune: 'everything' },
  },
  {
    name: 'a destination in another one, both to be pruned',
    files: { 'out/nested/stale': 's', 'out/stale': 's' },
    targets: [
      { from: 'in', to: 'out' },
      { from: 'in/deep', to: 'out/nested' },
    ],
    options: { prune: 'everything' },
  },
  {
    name: 'a file in place of a destination in another one',
    files: { 'out/nested': 'a file' },
    targets: [
      { from: 'in', to: 'out' },
      { from: 'in/deep', to: 'out/nested' },
    ],
    options: { prune: 'everything' },
  },
  {
    name: 'a destination that is left empty and made again',
    before: { manifest: 'manifest' },
    change: (cwd) => {
      rmSync(join(cwd, 'in/deep'), { recursive: true });
      writeTree(cwd, { 'in/deep/z': 'z' });
    },
    targets: { from: 'in/deep', to: 'out/new/nested' },
    options: { manifest: 'manifest', prune: 'placed' },
  },
  {
    name: 'a directory of the destination that became a link',
    before: { manifest: 'manifest' },
    change: (cwd) => {
      renameSync(join(cwd, 'out/deep'), join(cwd, 'moved'));
      symlinkSync('../moved', join(cwd, 'out/deep'));
    },
    options: { manifest: 'manifest', prune: 'everything' },
  },
  {
    name: 'everything else to be pruned',
    files: { 'out/stale': 's', 'out/old/x': 'x', 'out/keep/y': 'y' },
    options: { prune: 'everything', keep: ['keep'] },
  },
  {
    name: 'a file where a directory will be and the reverse, pruned before',
    files: { 'out/a/was/directory': 'x', 'out/deep': 'was a file' },
    options: { prune: 'everything' },
  },
  {
    name: 'copied files that are replaced by a directory, and the reverse',
    before: { manifest: 'manifest' },
    change: (cwd) => {
      for (const path of ['in/deep', 'in/a']) rmSync(join(cwd, path), { recursive: true });
      writeTree(cwd, { 'in/deep': 'a file now', 'in/a/file': 'in a directory now' });
    },
    options: { manifest: 'manifest', prune: 'placed' },
  },
  { name: 'links to be kept', files: { 'in/link': symlink('a') }, options: { symlinks: 'keep' } },
  { name: 'links to be followed', files: { 'in/link': symlink('a'), 'in/dir': symlink('../other') } },
  {
    name: 'several targets that collide',
    targets: [
      { from: 'in', to: 'out' },
      { from: 'other', to: 'out/deep' },
      { from: 'in/a', to: 'out', rename: 'b' },
    ],
  },
  {
    name: 'functions',
    targets: { from: 'in', to: 'out', rename: (path) => `v1/${path}`, filter: (path) => path !== 'b' },
  },
  {
    name: 'a target that matches nothing',
    targets: { from: 'none', to: 'out' },
    options: { allowMissing: true },
  },
  { name: 'a directory of many files', files: manyFiles(100) },
  {
    name: 'many files, and functions',
    files: manyFiles(100),
    targets: { from: 'in', to: 'out', flatten: true },
  },
];

function manyFiles(count: number): TreeSpec {
  return Object.fromEntries(
    Array.from({ length: count }, (_each, index) => [`in/many/${index}`, `${index}`]),
  );
}

const base: TreeSpec = {
  'in/a': 'a',
  'in/b': 'bb',
  'in/deep/c': 'ccc',
  'in/empty': directory(),
  'other/x': 'x',
};

const sorted = (entries: CopyEntry[] = []) =>
  entries
    .map(({ method, ...entry }) => entry)
    .sort((one, other) => (one.destination < other.destination ? -1 : 1));

/** The part of a report that plan() and copy() have in common. */
function comparable({ files, bytes, unchanged, pruned, directories, links, warnings, entries }: CopyReport) {
  return { files, bytes, unchanged, pruned, directories, links, warnings, entries: sorted(entries) };
}

describe.each(['on the calling thread', 'in worker threads'])('plan, %s', (where) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (where === 'in worker threads') workers = await bootWorkers();
  });
  afterAll(() => workers?.dispose());

  it.each(cases)('predicts a copy, and touches nothing: $name', async (each) => {
    const cwd = writeTree(workspace(), { ...base, ...each.files });
    const targets = each.targets ?? { from: 'in', to: 'out' };
    if (each.before) {
      await pastTick();
      await copy(targets, { cwd, ...each.before });
      each.change?.(cwd);
    }
    const options = { cwd, ...each.options };
    const before = readTree(cwd);
    const planned = await leavingNothing(cwd, () => plan(targets, options));
    expect(readTree(cwd)).toEqual(before);
    expect(planned.methods).toEqual({});
    expect(planned.entries?.filter(({ method }) => method !== undefined)).toEqual([]);

    const copied = await copy(targets, { ...options, entries: true });
    expect(comparable(planned)).toEqual(comparable(copied));
    expect(copied.files + copied.unchanged + copied.pruned + copied.links).toBe(copied.entries!.length);
  });
});

describe("plan with onError: 'collect' predicts the errors too", () => {
  const both: Target[] = [
    { from: 'in', to: 'out' },
    { from: 'second', to: 'out' },
  ];
  const failing: { name: string; files: TreeSpec; targets?: Target[]; codes: string[] }[] = [
    { name: 'a file above the destination', files: { out: 'x' }, codes: ['ENOTDIR', 'ENOTDIR', 'ENOTDIR'] },
    { name: 'a file in the place of a directory', files: { 'out/deep': 'x' }, codes: ['ENOTDIR'] },
    { name: 'a link in the place of a directory', files: { 'out/deep': symlink('../in') }, codes: ['ELOOP'] },
    {
      name: 'a link that leads nowhere',
      files: { out: symlink('nowhere') },
      codes: Array(3).fill('ENOTDIR'),
    },
    {
      name: 'a link that leads below a file',
      files: { file: 'x', out: symlink('file/nowhere') },
      codes: Array(3).fill('ENOTDIR'),
    },
    {
      name: 'a directory, where an earlier target has a file',
      files: { 'second/a/x': 'x', 'second/y': 'y' },
      targets: both,
      codes: ['ENOTDIR'],
    },
    {
      name: 'a file, where an earlier target has a directory',
      files: { 'second/deep': 'x', 'second/y': 'y' },
      targets: both,
      codes: ['EISDIR'],
    },
    {
      name: 'a destination that an earlier target has a file for',
      files: {},
      targets: [both[0]!, { from: 'other', to: 'out/b' }],
      codes: ['ENOTDIR'],
    },
  ];

  it.each(failing)('$name', async ({ files, targets = [both[0]!], codes }) => {
    const cwd = writeTree(workspace(), { ...base, ...files });
    const options = { cwd, onError: 'collect' } as const;
    const said = ({ errors = [] }: CopyReport) => errors.map(({ message }) => message).sort();
    const before = readTree(cwd);
    const planned = await plan(targets, options);
    expect(readTree(cwd)).toEqual(before);
    const copied = await copy(targets, { ...options, entries: true });
    expect(copied.errors!.map(({ code }) => code)).toEqual(codes);
    expect(said(planned)).toEqual(said(copied));
    expect(comparable(planned)).toEqual(comparable(copied));
  });
});

describe('plan refuses what copy would refuse', () => {
  const refused: { name: string; files: TreeSpec; from?: string; options?: CopyOptions; code: string }[] = [
    { name: 'a directory in the place of a file', files: { 'out/a/x': 'x' }, code: 'EISDIR' },
    { name: 'a file in the place of a directory', files: { 'out/deep': 'x' }, code: 'ENOTDIR' },
    { name: 'a file in the place of the destination', files: { out: 'x' }, code: 'ENOTDIR' },
    { name: 'a file above the destination', files: { out: 'x' }, code: 'ENOTDIR' },
    { name: 'a file far above the destination', files: { out: 'x' }, code: 'ENOTDIR' },
    { name: 'a file far above that of one file', from: 'in/a', files: { out: 'x' }, code: 'ENOTDIR' },
    {
      name: 'a link cycle above that of one file',
      from: 'in/a',
      files: { out: symlink('out') },
      code: 'ELOOP',
    },
    {
      name: 'a link that leads nowhere above the destination',
      files: { out: symlink('no') },
      code: 'ENOTDIR',
    },
    {
      name: 'a link that leads nowhere far above that of one file',
      from: 'in/a',
      files: { out: symlink('no') },
      code: 'ENOTDIR',
    },
    { name: 'a link cycle above the destination', files: { out: symlink('out') }, code: 'ELOOP' },
    { name: 'a link in the place of a directory', files: { 'out/deep': symlink('../other') }, code: 'ELOOP' },
    {
      name: 'a file that exists',
      files: { 'out/a': 'x' },
      options: { overwrite: 'error' },
      code: 'EEXIST',
    },
    { name: 'a link to the source', files: { 'out/a': symlink('../in/a') }, code: 'ERR_SAME_FILE' },
    {
      name: 'a link to be kept that leads to its destination',
      files: { 'in/l': symlink('../out/l'), 'out/l': 'precious' },
      options: { symlinks: 'keep' },
      code: 'ERR_SAME_FILE',
    },
    { name: 'a broken link', files: { 'in/broken': symlink('nowhere') }, code: 'ENOENT' },
  ];

  it.each(refused)('$name', async ({ name, files, from = 'in', options, code }) => {
    const cwd = writeTree(workspace(), { ...base, ...files });
    const target = {
      from,
      to: name.includes('above') ? (name.includes('far') ? 'out/far/below' : 'out/below') : 'out',
    };
    const before = readTree(cwd);
    const act = () => plan(target, { cwd, ...options });
    const planned = await leavingNothing(cwd, () => refusal(act));
    expect(readTree(cwd)).toEqual(before);
    const copied = await leavingNothing(cwd, () => refusal(() => copy(target, { cwd, ...options })));
    expect({ of: 'copy', code: copied.code }).toEqual({ of: 'copy', code });
    expect(planned.message).toBe(copied.message);
  });

  const asRoot = cannotGiveUpRights();
  it.skipIf(asRoot)(orSkipped('a directory of the destination that may not be entered', asRoot), () => {
    const cwd = writeTree(workspace(), { ...base, 'out/deep': directory({ mode: 0o000 }) });
    for (const path of ['.', 'in', 'in/deep', 'in/empty', 'out']) chmodSync(join(cwd, path), 0o777);
    const { value } = inProcess(
      `${asNobody}
       if (process.getuid() === fs.statSync(argument.cwd + '/out/deep').uid) return ['EACCES', 'EACCES'];
       const code = (act) => act({ from: 'in', to: 'out' }, argument).then(() => 'none', (error) => error.code);
       return [await code(lib.plan), await code(lib.copy)];`,
      { cwd },
    );
    expect(value).toEqual(['EACCES', 'EACCES']);
  });

  it('what makes a TypeError too', async () => {
    const error = await rejection(() => plan({ from: 'a' }, { reflink: 'maybe' as 'auto' }));
    expect(error).toBeInstanceOf(TypeError);
  });
});

describe('plan of a large copy', () => {
  it('counts what a copy then places', async () => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files: 300, folders: 3 });
    const target = { from: 'in', to: 'out/of/here' };
    const planned = await leavingNothing(cwd, () => plan(target, { cwd }));
    const copied = await copy(target, { cwd, entries: true });
    expect(comparable(planned)).toEqual(comparable(copied));
  });
});

it('a plan starts no worker threads where the copy starts some', async () => {
  const cwd = writeTree(workspace(), { 'in/a': 'a' });
  const Worker = vi.spyOn(threads, 'Worker');
  onTestFinished(() => Worker.mockRestore());
  const options: CopyOptions = { cwd, durability: 'full', concurrency: 2 };
  expect(await plan({ from: 'in', to: 'out' }, options)).toMatchObject({ files: 1 });
  expect(Worker).not.toHaveBeenCalled();
  expect(await copy({ from: 'in', to: 'out' }, options)).toMatchObject({ files: 1 });
  expect(Worker).toHaveBeenCalled();
});
