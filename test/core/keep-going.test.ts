import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, plan, type Target } from 'fs-reflink';
import { beforeEach, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { cannotGiveUpRights } from '../support/other-user.ts';
import { orSkipped } from '../support/skip.ts';
import { writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { asNobody, filesOf, fill, inProcess, workspace } from './support.ts';

const FILES = 150;
const onWindows = process.platform === 'win32' ? 'Windows has no FIFO' : undefined;

describe("onError: 'collect'", () => {
  let cwd: string;
  let names: string[];
  beforeEach(() => {
    cwd = workspace();
    fill(join(cwd, 'in'), { files: FILES, folders: 3 });
    names = filesOf(join(cwd, 'in'));
    // Two destinations are directories.
    for (const name of names.slice(0, 2)) mkdirSync(join(cwd, 'out', name), { recursive: true });
  });

  const run = (options: CopyOptions = {}, target: Partial<Target> = {}) =>
    copy({ from: 'in', to: 'out', ...target }, { cwd, onError: 'collect', ...options });
  const errors = (all: readonly { code: string; destination: string | undefined }[] | undefined) =>
    (all ?? []).map(({ code, destination }) => [code, destination]).sort();
  const inTheWay = () => names.slice(0, 2).map((name) => ['EISDIR', join(cwd, 'out', name)]);

  it('is not what happens by default', async () => {
    await expect(copy({ from: 'in', to: 'out' }, { cwd })).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it.each<[string, CopyOptions, Partial<Target>, number]>([
    ['on the calling thread', {}, {}, 0],
    ['in a worker thread', {}, {}, 1],
    ['in several worker threads', { durability: 'file' }, {}, 0],
    ['of files that are transformed', {}, { transform: (content) => content }, 0],
    ['of files that are atomic', { atomic: true }, {}, 0],
  ])('copies the other files, %s', async (_how, options, target, workers) => {
    const held = await bootWorkers(workers);
    try {
      const report = await run(options, target);
      expect(errors(report.errors)).toEqual(inTheWay());
      expect(report.files).toBe(FILES - 2);
      for (const name of names.slice(2))
        expect(readFileSync(join(cwd, 'out', name))).toEqual(readFileSync(join(cwd, 'in', name)));
    } finally {
      await held.dispose();
    }
  });

  it('says on a dry run what would fail', async () => {
    const report = await plan({ from: 'in', to: 'out' }, { cwd, onError: 'collect' });
    expect(errors(report.errors)).toEqual(inTheWay());
    expect(report.files).toBe(FILES - 2);
  });

  it('leaves a directory out whose destination is a file', async () => {
    writeTree(cwd, { 'other/d/1': '1', 'other/d/2': '2', 'other/e/3': '3', 'there/d': 'a file' });
    const report = await run({}, { from: 'other', to: 'there' });
    expect(report.errors?.map(({ code }) => code)).toEqual(['ENOTDIR']);
    expect(filesOf(join(cwd, 'there'))).toEqual(['d', 'e/3']);
    expect(readFileSync(join(cwd, 'there/d'), 'utf8')).toBe('a file');
  });

  it.each([
    ['on the calling thread', {}, 0],
    ['in several worker threads', { durability: 'file' }, 2],
  ] as const)('reports one error for a directory of many files, %s', async (_how, options, workers) => {
    fill(join(cwd, 'many'), { files: 500, folders: 1 });
    const there = join(writeTree(cwd, { 'there/folder-0': 'a file' }), 'there/folder-0');
    const held = await bootWorkers(workers);
    try {
      const report = await run(options, { from: 'many', to: 'there' });
      expect(errors(report.errors)).toEqual([['ENOTDIR', there]]);
    } finally {
      await held.dispose();
    }
    const planned = await plan({ from: 'many', to: 'there' }, { cwd, onError: 'collect' });
    expect(errors(planned.errors)).toEqual([['ENOTDIR', there]]);
  });

  it('reports no error where there is none', async () => {
    expect((await run({}, { to: 'elsewhere' })).errors).toEqual([]);
    expect(await copy({ from: 'in', to: 'elsewhere' }, { cwd })).not.toHaveProperty('errors');
  });

  it('goes on with the other targets where one is not there', async () => {
    const report = await copy([{ from: 'missing' }, { from: 'in', to: 'x' }], { cwd, onError: 'collect' });
    expect(report.errors?.map(({ code }) => code)).toEqual(['ENOENT']);
    expect(report.files).toBe(FILES);
  });

  it('throws what a function of the user throws', async () => {
    const filter = () => {
      throw new Error('the filter');
    };
    await expect(run({}, { filter })).rejects.toThrow('the filter');
  });

  it('keeps in the manifest what it has copied', async () => {
    await pastTick();
    await run({ manifest: 'manifest' });
    const again = await run({ manifest: 'manifest' });
    expect(again).toMatchObject({ files: 0, unchanged: FILES - 2 });
    expect(errors(again.errors)).toEqual(inTheWay());
  });

  describe.skipIf(onWindows)(orSkipped('what cannot be read in the source', onWindows), () => {
    beforeEach(() => {
      execFileSync('mkfifo', [join(cwd, 'in/fifo')]);
      symlinkSync('nowhere', join(cwd, 'in/dangling'));
    });
    const unreadable = () => [
      ['ENOENT', join(cwd, 'out/dangling')],
      ['ERR_NOT_REGULAR', join(cwd, 'out/fifo')],
    ];

    it.each<[string, Partial<Target>]>([
      ['', {}],
      [', of a glob', { from: 'in/**' }],
      [', with something ignored', { ignore: 'nothing' }],
    ])('is left out%s', async (_how, target) => {
      const report = await run({}, target);
      expect(errors(report.errors)).toEqual([...inTheWay(), ...unreadable()].sort());
      expect(report.files).toBe(FILES - 2);
    });

    it.each(['everything', 'placed'] as const)('keeps prune: %s from deleting anything', async (prune) => {
      writeFileSync(join(cwd, 'out/stale'), 'stale');
      const report = await run({ prune, manifest: 'manifest' });
      expect(report.pruned).toBe(0);
      expect(filesOf(join(cwd, 'out'))).toContain('stale');
      if (prune === 'everything')
        expect(report.warnings).toEqual(['nothing was deleted, because a part of the source cannot be read']);
    });
  });

  const deleting = [['placed'], ['everything']] as const;
  it.skipIf(cannotGiveUpRights()).each(deleting)(
    orSkipped('copies and deletes the others if one cannot be deleted (prune: %j)', cannotGiveUpRights()),
    (prune) => {
      const all = writeTree(workspace(), {
        'in/kept': 'old',
        'in/shut/stale': 's',
        'in/shut/kept': 'k',
        'in/stale/a': 'a',
        'in/stale/shut/b': 'b',
        'in/stale/z': 'z',
      });
      chmodSync(all, 0o777);
      execFileSync('chmod', ['-R', 'a+rwX', all]);
      const { value } = inProcess(
        `
          ${asNobody}
          const { cwd, prune } = argument;
          const options = { cwd, manifest: 'm', prune, onError: 'collect' };
          const target = { from: 'in', to: 'out' };
          await lib.copy(target, options);
          for (const name of ['shut/stale', 'stale']) fs.rmSync(cwd + '/in/' + name, { recursive: true });
          fs.writeFileSync(cwd + '/in/kept', 'changed');
          fs.writeFileSync(cwd + '/in/added', 'added');
          const shut = ['/out/shut', '/out/stale/shut'].map((name) => cwd + name);
          for (const directory of shut) fs.chmodSync(directory, 0o555);
          const counts = ({ pruned, errors }) =>
            [pruned, errors.map(({ code, destination }) => code + destination.slice(cwd.length)).sort()];
          const reports = [counts(await lib.copy(target, options))];
          const found = fs.readdirSync(cwd + '/out', { recursive: true }).sort();
          const content = fs.readFileSync(cwd + '/out/kept', 'utf8');
          for (const directory of shut) fs.chmodSync(directory, 0o755);
          reports.push(counts(await lib.copy(target, options)));
          return { reports, found, content, last: fs.readdirSync(cwd + '/out', { recursive: true }).sort() };
        `,
        { cwd: all, prune },
      ) as { value?: unknown };
      expect(value).toEqual({
        reports: [
          [2, ['EACCES/out/shut/stale', 'EACCES/out/stale/shut/b']],
          [2, []],
        ],
        found: ['added', 'kept', 'shut', 'shut/kept', 'shut/stale', 'stale', 'stale/shut', 'stale/shut/b'],
        content: 'changed',
        last: ['added', 'kept', 'shut', 'shut/kept'],
      });
    },
  );
});
