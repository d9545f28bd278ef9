import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, type CopyReport, copy, type Progress, plan } from 'fs-reflink';
import { beforeEach, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { mountFilesystem, unavailable } from '../support/filesystems.ts';
import { orSkipped } from '../support/skip.ts';
import { filesOf, workspace } from './support.ts';

const PRESERVE = ['mode', 'timestamps', 'links'] as const;
const noTmpfs = unavailable('tmpfs');
const noOverlay = noTmpfs ?? unavailable('overlay');

describe.each<[string, CopyOptions]>([
  ['on the calling thread', {}],
  ['with worker threads, which leave files of several names to it', { durability: 'file' }],
])("preserve: 'links' %s", (_thread, threads) => {
  let cwd: string;
  const at = (...names: string[]) => join(cwd, ...names);
  const inodes = (...names: string[]) => new Set(names.map((name) => statSync(at(name)).ino)).size;
  const run = (options: CopyOptions = {}) =>
    copy({ from: 'in', to: 'out' }, { cwd, preserve: PRESERVE, ...threads, ...options });

  beforeEach(async () => {
    cwd = workspace();
    mkdirSync(at('in/deep/er'), { recursive: true });
    writeFileSync(at('in/one'), 'linked');
    linkSync(at('in/one'), at('in/two'));
    linkSync(at('in/one'), at('in/deep/er/three'));
    writeFileSync(at('in/alone'), 'alone');
    await pastTick();
  });

  it('keeps names of one file names of one file, in all directories', async () => {
    const { files, bytes, methods } = await run();
    expect([files, bytes]).toEqual([4, 11]);
    expect(methods.hard_link).toEqual({ files: 2, bytes: 0 });
    expect(inodes('out/one', 'out/two', 'out/deep/er/three')).toBe(1);
    expect(statSync(at('out/one')).nlink).toBe(3);
    expect(inodes('out/one', 'out/alone')).toBe(2);
    // No copy is a hard link to the source.
    expect(statSync(at('in/one')).nlink).toBe(3);
    expect(readFileSync(at('out/deep/er/three'), 'utf8')).toBe('linked');
  });

  it('is not the default', async () => {
    const { methods } = await copy({ from: 'in', to: 'out' }, { cwd });
    expect(methods).not.toHaveProperty('hard_link');
    expect(inodes('out/one', 'out/two', 'out/deep/er/three')).toBe(3);
  });

  it.each<[string, CopyOptions]>([
    ['with a manifest', { manifest: 'manifest' }],
    ["by overwrite: 'changed'", { overwrite: 'changed' }],
  ])('leaves them alone when nothing has changed, %s', async (_how, options) => {
    await run(options);
    const before = statSync(at('out/one'), { bigint: true }).ctimeNs;
    const again = await run(options);
    expect(again).toMatchObject({ files: 0, unchanged: 4 });
    expect(statSync(at('out/one'), { bigint: true }).ctimeNs).toBe(before);
  });

  it('leaves them alone after a copy that a worker joined after them, with a manifest', async () => {
    // A worker copies a large sparse file. This one is copied after the others of its directory.
    writeFileSync(at('in/zz'), '');
    truncateSync(at('in/zz'), 10 << 20);
    appendFileSync(at('in/zz'), 'end');
    await pastTick();
    await run({ manifest: 'manifest' });
    expect(await run({ manifest: 'manifest' })).toMatchObject({ files: 0, unchanged: 5 });
  });

  it('copies them again together, and joins those that were split', async () => {
    await copy({ from: 'in', to: 'out' }, { cwd });
    const { methods } = await run();
    expect(methods.hard_link).toEqual({ files: 2, bytes: 0 });
    expect(inodes('out/one', 'out/two', 'out/deep/er/three')).toBe(1);
    writeFileSync(at('in/one'), 'changed');
    await run();
    expect(inodes('out/one', 'out/two', 'out/deep/er/three')).toBe(1);
    expect(readFileSync(at('out/two'), 'utf8')).toBe('changed');
  });

  it('links a new name to the copy that is there, with a manifest', async () => {
    const options = { manifest: 'manifest' };
    await run(options);
    linkSync(at('in/one'), at('in/zero'));
    await pastTick();
    await run(options);
    expect(inodes('out/one', 'out/two', 'out/deep/er/three', 'out/zero')).toBe(1);
    expect(await run(options)).toMatchObject({ files: 0, unchanged: 5 });
  });

  it("links a new name to the copy that overwrite: 'changed' keeps, after another file was copied", async () => {
    const targets = [
      { from: 'other', to: 'out' },
      { from: 'in', to: 'out' },
    ];
    const options = { cwd, preserve: PRESERVE, ...threads, overwrite: 'changed' } as const;
    writeFileSync(at('other'), 'other');
    await copy(targets, options);
    writeFileSync(at('other'), 'another');
    linkSync(at('in/one'), at('in/zero'));
    const report = await copy(targets, options);
    expect([report.files, report.unchanged, report.methods.hard_link?.files]).toEqual([2, 4, 1]);
    expect(inodes('out/one', 'out/two', 'out/deep/er/three', 'out/zero')).toBe(1);
  });

  it.each(['one', 'two', 'deep/er/three'])(
    'joins all names after a copy that could not make %s, with a manifest',
    async (blocked) => {
      const options = { manifest: 'manifest', onError: 'collect' } as const;
      mkdirSync(at('out', blocked), { recursive: true });
      const { errors, files } = await run(options);
      expect([errors?.map(({ code }) => code), files]).toEqual([['EISDIR'], 3]);
      rmSync(at('out', blocked), { recursive: true });
      await run(options);
      expect(inodes('out/one', 'out/two', 'out/deep/er/three')).toBe(1);
      expect(await run(options)).toMatchObject({ files: 0, unchanged: 4 });
    },
  );

  it.each<[string, CopyOptions]>([
    ['with a manifest', { manifest: 'manifest' }],
    ["by overwrite: 'changed'", { overwrite: 'changed' }],
    ['by overwrite: false', { overwrite: false }],
    ['by overwrite: true', {}],
  ])('counts the names of a file in a dry run as a copy does, %s', async (_how, options) => {
    const steps = [
      () => {},
      () => {},
      () => linkSync(at('in/one'), at('in/zero')),
      () => rmSync(at('out/two')),
      () => {
        rmSync(at('out/one'));
        writeFileSync(at('out/one'), 'of the user');
      },
      () => writeFileSync(at('in/one'), 'changed'),
    ];
    for (const step of steps) {
      step();
      await pastTick();
      const counts = ({ files, bytes, unchanged }: CopyReport) => ({ files, bytes, unchanged });
      const all = { cwd, preserve: PRESERVE, ...threads, ...options };
      const planned = counts(await plan({ from: 'in', to: 'out' }, all));
      expect(counts(await run(options)), String(step)).toEqual(planned);
    }
  });

  it('leaves what overwrite: false says', async () => {
    mkdirSync(at('out'));
    writeFileSync(at('out/two'), 'of the user');
    expect(await run({ overwrite: false })).toMatchObject({ files: 3, unchanged: 1 });
    expect(readFileSync(at('out/two'), 'utf8')).toBe('of the user');
    expect(inodes('out/one', 'out/deep/er/three')).toBe(1);
  });

  it.each<[overwrite: NonNullable<CopyOptions['overwrite']>, there: string]>([
    [false, 'a file'],
    [false, 'a link'],
    ['older', 'a file'],
    ['older', 'a link'],
  ])(
    'copies the other names of a file if the first is kept as it was (overwrite: %j, %s)',
    async (overwrite, there) => {
      mkdirSync(at('out/deep/er'), { recursive: true });
      writeFileSync(at('user'), 'of the user');
      // All names stand there but one, whichever is copied first.
      for (const missing of ['one', 'two', 'deep/er/three']) {
        for (const name of ['one', 'two', 'deep/er/three']) {
          rmSync(at('out', name), { force: true });
          if (name === missing) continue;
          if (there === 'a file') writeFileSync(at('out', name), 'of the user');
          else symlinkSync(at('user'), at('out', name));
        }
        await run({ overwrite });
        expect(lstatSync(at('out', missing)).isFile()).toBe(true);
        expect(readFileSync(at('out', missing), 'utf8')).toBe('linked');
        for (const name of ['one', 'two', 'deep/er/three'])
          if (name !== missing) expect(readFileSync(at('out', name), 'utf8')).toBe('of the user');
      }
    },
  );

  it.each<NonNullable<CopyOptions['overwrite']>>([false, 'older', 'changed'])(
    'joins new names and the copy that is there, as far as it may (overwrite: %j)',
    async (overwrite) => {
      await run({ overwrite });
      for (const name of ['aaa', 'zzz']) linkSync(at('in/one'), at('in', name));
      await run({ overwrite });
      expect(inodes('out/one', 'out/two', 'out/deep/er/three')).toBe(1);
      expect(inodes('out/aaa', 'out/zzz')).toBe(1);
      // With `false`, a new name that is copied before an old one is found may not replace the old one.
      if (overwrite !== false) expect(inodes('out/one', 'out/aaa')).toBe(1);
      expect(await run({ overwrite })).toMatchObject({ files: 0, unchanged: 6 });
    },
  );

  it('replaces what stands in the place of a name, and fails at a directory', async () => {
    mkdirSync(at('out'));
    writeFileSync(at('out/two'), 'old');
    await run();
    expect(inodes('out/one', 'out/two')).toBe(1);
    rmSync(at('out/two'));
    mkdirSync(at('out/two'));
    await expect(run()).rejects.toMatchObject({ code: 'EISDIR', destination: at('out/two') });
  });

  it.skipIf(noTmpfs)(orSkipped('links names on each filesystem to the copy there', noTmpfs), async () => {
    const disk = mountFilesystem('tmpfs', { sizeMiB: 4 });
    try {
      const targets = [at('out'), join(disk.path, 'out')].map((to) => ({ from: 'in', to }));
      const options = { cwd, preserve: PRESERVE, ...threads };
      expect(await plan(targets, options)).toMatchObject({ files: 8, bytes: 22 });
      const { files, bytes, methods, warnings } = await copy(targets, options);
      expect({ files, bytes, warnings }).toEqual({ files: 8, bytes: 22, warnings: [] });
      expect(methods.hard_link).toEqual({ files: 4, bytes: 0 });
      for (const { to } of targets) expect(statSync(join(to, 'deep/er/three')).nlink).toBe(3);
    } finally {
      disk.unmount();
    }
  });

  it.skipIf(noOverlay)(
    orSkipped('links names on overlayfs whose files have another device than its directories', noOverlay),
    async () => {
      const disk = mountFilesystem('tmpfs', { sizeMiB: 4 });
      const overlay = mountFilesystem('overlay', { on: disk.path, lowerOn: cwd, options: 'xino=off' });
      try {
        const to = join(overlay.path, 'out');
        const { methods } = await copy({ from: 'in', to }, { cwd, preserve: PRESERVE, ...threads });
        expect(statSync(join(to, 'one')).dev).not.toBe(statSync(to).dev);
        expect(methods.hard_link).toEqual({ files: 2, bytes: 0 });
      } finally {
        overlay.unmount();
        disk.unmount();
      }
    },
  );

  it('deletes no name of the others when one is stale', async () => {
    const options: CopyOptions = { manifest: 'manifest', prune: true };
    await run(options);
    rmSync(at('in/two'));
    expect((await run(options)).pruned).toBe(1);
    expect(statSync(at('out/one')).nlink).toBe(2);
  });

  describe('is still what an earlier copy made, after this copy has deleted or replaced another of its names', () => {
    const names = ['one', 'two', 'deep/er/three'];
    const options: CopyOptions = { manifest: 'manifest', prune: true };
    const contents = (...names: string[]) => names.map((name) => readFileSync(at('out', name), 'utf8'));

    it('so that all names are deleted when all are stale', async () => {
      await run(options);
      for (const name of names) rmSync(at('in', name));
      expect(await run(options)).toMatchObject({ files: 0, unchanged: 1, pruned: 3 });
      expect(filesOf(at('out'))).toEqual(['alone']);
    });

    it.each<[prune: NonNullable<CopyOptions['prune']>]>([['placed'], ['everything']])(
      'so that a name that stays is unchanged in the next copy, and deleted when it is stale (prune: %j)',
      async (prune) => {
        const target = { from: 'in', to: 'out' };
        const all: CopyOptions = { cwd, preserve: PRESERVE, ...threads, ...options, prune };
        await copy(target, all);
        const fewer = { ...target, ignore: 'two' };
        expect(await copy(fewer, all)).toMatchObject({ files: 0, unchanged: 3, pruned: 1 });
        expect(await copy(fewer, all)).toMatchObject({ files: 0, unchanged: 3, pruned: 0 });
        expect(await copy({ ...target, ignore: ['two', 'deep'] }, all)).toMatchObject({
          files: 0,
          pruned: 1,
        });
        expect(await copy({ ...target, ignore: names }, { ...all, prune: 'placed' })).toMatchObject({
          files: 0,
          pruned: 1,
        });
        expect(filesOf(at('out'))).toEqual(['alone']);
      },
    );

    it.each<[overwrite: NonNullable<CopyOptions['overwrite']>]>([
      [false],
      ['error'],
      ['older'],
      ['changed'],
      [true],
    ])('so that all names are replaced (overwrite: %j)', async (overwrite) => {
      await run({ ...options, overwrite });
      writeFileSync(at('in/one'), 'changed');
      await pastTick();
      await run({ ...options, overwrite });
      expect(contents(...names)).toEqual(['changed', 'changed', 'changed']);
      expect(inodes(...names.map((name) => `out/${name}`))).toBe(1);
      for (const name of names) {
        rmSync(at('in', name));
        writeFileSync(at('in', name), `alone now: ${name}`);
      }
      await pastTick();
      await run({ ...options, overwrite });
      expect(contents(...names)).toEqual(names.map((name) => `alone now: ${name}`));
      expect(await run({ ...options, overwrite })).toMatchObject({ files: 0, unchanged: 4 });
    });

    it('but not what somebody else has changed', async () => {
      await run({ ...options, overwrite: false });
      writeFileSync(at('out/two'), 'changed in the destination');
      writeFileSync(at('in/one'), 'changed');
      await pastTick();
      expect(await run({ ...options, overwrite: false })).toMatchObject({ files: 0, unchanged: 4 });
      expect(new Set(contents(...names))).toEqual(new Set(['changed in the destination']));
      for (const name of names) rmSync(at('in', name));
      expect(await run({ ...options, overwrite: false })).toMatchObject({ pruned: 0 });
    });

    it('but not what somebody changes during the copy', async () => {
      const onProgress = ({ method }: Progress) => {
        if (method === 'hard_link') writeFileSync(at('out/one'), 'changed in the destination');
      };
      await run({ ...options, onProgress });
      expect(contents(...names)).toEqual(names.map(() => 'changed in the destination'));
      expect((await run({ ...options, overwrite: false })).files).toBe(0);
      expect((await run(options)).files).toBe(3);
      expect(contents(...names)).toEqual(names.map(() => 'linked'));
    });
  });
});
