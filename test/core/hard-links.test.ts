import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy } from 'fs-reflink';
import { beforeEach, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { workspace } from './support.ts';

const PRESERVE = ['mode', 'timestamps', 'links'] as const;

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

  it('leaves what overwrite: false says', async () => {
    mkdirSync(at('out'));
    writeFileSync(at('out/two'), 'of the user');
    expect(await run({ overwrite: false })).toMatchObject({ files: 3, unchanged: 1 });
    expect(readFileSync(at('out/two'), 'utf8')).toBe('of the user');
    expect(inodes('out/one', 'out/deep/er/three')).toBe(1);
  });

  it('replaces what stands in the place of a name, and fails at a directory', async () => {
    mkdirSync(at('out'));
    writeFileSync(at('out/two'), 'old');
    await run();
    expect(inodes('out/one', 'out/two')).toBe(1);
    rmSync(at('out/two'));
    mkdirSync(at('out/two'));
    await expect(run()).rejects.toMatchObject({ code: 'EISDIR', destination: at('out/two') });
  });

  it('deletes no name of the others when one is stale', async () => {
    const options: CopyOptions = { manifest: 'manifest', prune: true };
    await run(options);
    rmSync(at('in/two'));
    expect((await run(options)).pruned).toBe(1);
    expect(statSync(at('out/one')).nlink).toBe(2);
  });
});
