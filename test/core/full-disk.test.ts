import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type CopyFileOptions, copy, copyFile, copyFileSync, type Target } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FilesystemKind,
  type MountedFilesystem,
  mountFilesystem,
  unavailable,
} from '../support/filesystems.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, leavingNothing, refusal, workspace } from './support.ts';

const MIB = 1024 * 1024;

type Lane = (from: string, to: string, options?: CopyFileOptions) => Promise<unknown>;
const lanes: [name: string, lane: Lane][] = [
  ['copyFile', copyFile],
  ['copyFileSync', async (from, to, options) => copyFileSync(from, to, options)],
  ['copy', (from, to, options) => copy({ from, to: dirname(to), rename: basename(to) }, options)],
  [
    'copy with functions',
    (from, to, options) => copy({ from, to: dirname(to), rename: () => basename(to) }, options),
  ],
];

const disks: { kind: FilesystemKind; sizeMiB: number; fileMiB: number }[] = [
  { kind: 'tmpfs', sizeMiB: 4, fileMiB: 6 },
  { kind: 'ext4', sizeMiB: 16, fileMiB: 24 },
];

for (const { kind, sizeMiB, fileMiB } of disks) {
  const reason = unavailable(kind);
  describe.skipIf(reason)(`a full ${kind}${reason ? ` (skipped: ${reason})` : ''}`, () => {
    let disk: MountedFilesystem;
    let source: string;
    const at = (path: string) => join(disk.path, path);
    beforeAll(() => {
      disk = mountFilesystem(kind, { sizeMiB });
      source = join(disk.path, '../large');
      writeFileSync(source, Buffer.alloc(fileMiB * MIB, 'x'));
      mkdirSync(at('to'));
      writeFileSync(at('to/old'), 'old');
    });
    afterAll(() => {
      spawnSync('rm', [source]);
      disk.unmount();
    });

    for (const [name, lane] of lanes) {
      for (const [what, to, options] of [
        ['keeps the old file', 'to/old', {}],
        ['leaves no part of a new file', 'to/new', {}],
        ['leaves no part of a file copied past the cache', 'to/new', { pageCache: 'bypass' }],
        ['leaves no part of a full copy', 'to/new', { reflink: 'never' }],
      ] as const) {
        it(`ends ${name}, and ${what}`, async () => {
          const before = contentsOf(disk.path);
          const error = await leavingNothing(disk.path, () => refusal(() => lane(source, at(to), options)));
          expect(error).toMatchObject({ code: 'ENOSPC', source, destination: at(to) });
          expect(error.method).toMatch(/^(copy_file_range|read_write|direct)$/);
          expect(error.message).toContain(`${JSON.stringify(source)} to ${JSON.stringify(at(to))}: ENOSPC`);
          expect(contentsOf(disk.path)).toEqual(before);
        });
      }
    }

    it('ends a copy in several threads with what failed, not with what was ended for it', async () => {
      const from = workspace();
      for (let file = 0; file < 6; file++)
        writeFileSync(join(from, `${file}`), Buffer.alloc((sizeMiB / 3) * MIB, 'x'));
      for (let folder = 0; folder < 3; folder++) {
        mkdirSync(join(from, `f${folder}`));
        for (let file = 0; file < 30; file++) writeFileSync(join(from, `f${folder}/${file}`), 'small');
      }
      for (const filter of [undefined, () => true]) {
        const target: Target = { from, to: at('many'), ...(filter && { filter }) };
        const act = () => refusal(() => copy(target, { reflink: 'never', concurrency: 4 }));
        const error = await leavingNothing(disk.path, act);
        expect(error.code).toBe('ENOSPC');
        const given = contentsOf(from);
        const copied = contentsOf(at('many'));
        for (const [path, content] of Object.entries(copied)) expect(content, path).toBe(given[path]);
        spawnSync('rm', ['-r', at('many')]);
      }
    });
  });
}

const noTmpfs = unavailable('tmpfs');
describe.skipIf(noTmpfs)(`a read-only filesystem${noTmpfs ? ` (skipped: ${noTmpfs})` : ''}`, () => {
  let disk: MountedFilesystem;
  let workers: PreparedCopies;
  beforeAll(async () => {
    workers = await bootWorkers();
    disk = mountFilesystem('tmpfs', { sizeMiB: 4 });
    mkdirSync(join(disk.path, 'to'));
    writeFileSync(join(disk.path, 'to/old'), 'old');
    disk.remount('ro');
  });
  afterAll(async () => {
    await workers.dispose();
    disk.unmount();
  });

  it.each(lanes)('refuses %s', async (_name, lane) => {
    const cwd = workspace();
    const source = join(cwd, 'new');
    writeFileSync(source, 'new');
    for (const to of ['to/old', 'to/new', 'to/dir/new']) {
      const destination = join(disk.path, to);
      const error = await leavingNothing(cwd, () => refusal(() => lane(source, destination)));
      expect(error.code).toBe('EROFS');
      expect([destination, dirname(destination)]).toContain(error.destination);
      expect([source, cwd]).toContain(error.source);
    }
    expect(Object.keys(contentsOf(disk.path))).toEqual(['to', 'to/old']);
  });

  it.each(['c.manifest', 'a/b/c.manifest'])('is named as the reason why %s is not written', async (name) => {
    const cwd = workspace();
    writeFileSync(join(cwd, 'new'), 'new');
    const manifest = join(disk.path, name);
    const { files, warnings } = await copy({ from: 'new', to: 'out' }, { cwd, manifest });
    expect(files).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/^Cannot write .*: EROFS: .*; without it /)]);
  });
});

/** Mounts a btrfs whose subvolume `a` may hold 4 MiB. */
function mountWithQuota(): MountedFilesystem {
  const disk = mountFilesystem('btrfs');
  for (const args of [
    ['quota', 'enable', disk.path],
    ['qgroup', 'limit', '4M', join(disk.path, 'a')],
  ]) {
    const { error, status, stderr } = spawnSync('btrfs', ['-q', ...args], { encoding: 'utf8' });
    if (status === 0) continue;
    disk.unmount();
    throw error ?? new Error(stderr);
  }
  return disk;
}

const noBtrfs = unavailable('btrfs');
describe.skipIf(noBtrfs)(`a quota that is used up${noBtrfs ? ` (skipped: ${noBtrfs})` : ''}`, () => {
  it.each(lanes)('ends %s with EDQUOT, and keeps the old file', async (_name, lane) => {
    using disk = mountWithQuota();
    const source = join(workspace(), 'large');
    writeFileSync(source, randomBytes(8 * MIB));
    writeFileSync(join(disk.path, 'a/old'), 'old');
    for (const options of [
      {},
      { reflink: 'never', atomic: true },
      { pageCache: 'bypass' },
    ] as CopyFileOptions[]) {
      for (const name of ['old', 'new']) {
        const destination = join(disk.path, 'a', name);
        const act = () => refusal(() => lane(source, destination, { durability: 'file', ...options }));
        const error = await leavingNothing(disk.path, act);
        expect(error).toMatchObject({ code: 'EDQUOT', source, destination, method: expect.any(String) });
        expect(error.message).toContain('EDQUOT: disk quota exceeded');
        expect(contentsOf(join(disk.path, 'a'))).toEqual({ old: expect.any(String) });
        expect(readFileSync(join(disk.path, 'a/old'), 'utf8')).toBe('old');
      }
    }
  });
});
