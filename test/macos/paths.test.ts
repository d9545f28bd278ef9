import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { copy, probe } from 'fs-reflink';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import type { Run } from '../support/lanes.ts';
import { describeMacos } from './double.ts';
import { lanes } from './lanes.ts';

vi.mock('../../packages/core/src/platform/load.ts', () => import('./load.ts'));

const places = [
  { kind: 'btrfs', method: 'clonefile' },
  { kind: 'ext4', method: 'read_write' },
] as const;

for (const { kind, method } of places) {
  describeMacos(`links and files onto themselves, on ${kind}`, [kind], () => {
    let mounted: MountedFilesystem;
    let home: string;
    beforeAll(() => {
      mounted = mountFilesystem(kind);
    });
    afterAll(() => mounted?.unmount());
    beforeEach(() => {
      home = mkdtempSync(join(mounted.path, 'paths-'));
      writeFileSync(join(home, 'source'), 'content');
    });
    afterEach(() => rmSync(home, { recursive: true }));

    describe.each(lanes)('$name', (lane) => {
      let opened: { run: Run; close(): Promise<void> };
      beforeAll(async () => {
        opened = await lane.open();
      });
      afterAll(() => opened?.close());

      test.each(['nowhere', 'elsewhere', 'directory'])(
        'R17: a link to %s is replaced, and what it points to is not touched',
        async (target) => {
          writeFileSync(join(home, 'elsewhere'), 'elsewhere');
          mkdirSync(join(home, 'directory'));
          symlinkSync(target, join(home, 'link'));
          expect(await opened.run(join(home, 'source'), join(home, 'link'), {})).toEqual({
            method,
            bytes: 7,
          });
          expect(lstatSync(join(home, 'link')).isFile()).toBe(true);
          expect(readFileSync(join(home, 'link'), 'utf8')).toBe('content');
          expect(existsSync(join(home, 'nowhere'))).toBe(false);
          expect(readFileSync(join(home, 'elsewhere'), 'utf8')).toBe('elsewhere');
          expect(readdirSync(join(home, 'directory'))).toEqual([]);
        },
      );

      test.each([
        { options: {}, by: method },
        { options: { reflink: 'never' }, by: 'read_write' },
        { options: { atomic: true }, by: method },
      ] as const)('R18: a link is followed with $options', async ({ options, by }) => {
        symlinkSync('source', join(home, 'link'));
        expect(await opened.run(join(home, 'link'), join(home, 'copy'), options)).toEqual({
          method: by,
          bytes: 7,
        });
        expect(lstatSync(join(home, 'copy')).isFile()).toBe(true);
      });

      test.each(['source', 'leads/nowhere', 'link'])(
        'R18: a link to %s is kept on request',
        async (target) => {
          symlinkSync(target, join(home, 'link'));
          const copied = await opened.run(join(home, 'link'), join(home, 'copy'), { symlinks: 'keep' });
          expect(copied).toEqual({ method: 'symlink', bytes: 0 });
          expect(readlinkSync(join(home, 'copy'))).toBe(target);
        },
      );

      test('R18: a link that leads nowhere is an error when it is followed', async () => {
        symlinkSync('nowhere', join(home, 'link'));
        expect(await opened.run(join(home, 'link'), join(home, 'copy'), {})).toEqual({ code: 'ENOENT' });
        expect(existsSync(join(home, 'copy'))).toBe(false);
      });

      test.each([
        ['by the same path', 'source', () => {}],
        ['by a hard link', 'hard', () => linkSync(join(home, 'source'), join(home, 'hard'))],
        ['by a link at the destination', 'soft', () => symlinkSync('source', join(home, 'soft'))],
        ['through a link to its directory', 'here/source', () => symlinkSync('.', join(home, 'here'))],
      ])('R19: a file is not copied onto itself %s', async (_title, name, prepare) => {
        prepare();
        for (const atomic of [false, true]) {
          const copied = await opened.run(join(home, 'source'), join(home, name), { atomic });
          expect(copied).toEqual({ code: 'ERR_SAME_FILE' });
          expect(readFileSync(join(home, 'source'), 'utf8')).toBe('content');
        }
        expect(readdirSync(home).filter((each) => each.endsWith('.tmp'))).toEqual([]);
      });

      test('R18: a link whose target is not UTF-8 keeps its bytes, and is compared by them', async () => {
        const target = Buffer.from('636166e92f78', 'hex');
        symlinkSync(target, join(home, 'link'));
        for (const method of ['symlink', 'unchanged']) {
          const copied = await opened.run(join(home, 'link'), join(home, 'copy'), { symlinks: 'keep' });
          expect(copied).toEqual({ method, bytes: 0 });
          expect(readlinkSync(join(home, 'copy'), { encoding: 'buffer' })).toEqual(target);
        }
      });

      test('R19: a link that is kept is not copied onto what it leads to', async () => {
        symlinkSync('source', join(home, 'link'));
        symlinkSync('link', join(home, 'onward'));
        for (const [from, to] of [
          ['link', 'source'],
          ['onward', 'source'],
          ['onward', 'link'],
        ] as const) {
          const copied = await opened.run(join(home, from), join(home, to), { symlinks: 'keep' });
          expect(copied).toEqual({ code: 'ERR_SAME_FILE' });
        }
        expect(readFileSync(join(home, 'source'), 'utf8')).toBe('content');
        expect(readlinkSync(join(home, 'link'))).toBe('source');
      });
    });

    test('R17: a directory of the destination that is a link is refused, and nothing goes through it', async () => {
      mkdirSync(join(home, 'from', 'sub'), { recursive: true });
      writeFileSync(join(home, 'from', 'sub', 'file'), 'content');
      mkdirSync(join(home, 'elsewhere'));
      mkdirSync(join(home, 'to'));
      symlinkSync('../elsewhere', join(home, 'to', 'sub'));
      await expect(copy({ from: join(home, 'from'), to: join(home, 'to') })).rejects.toMatchObject({
        code: 'ELOOP',
      });
      expect(readdirSync(join(home, 'elsewhere'))).toEqual([]);
    });
  });
}

const yes = { supported: true };
const direct = { ...yes, alignment: process.arch === 'arm64' ? 16_384 : 4096 };

describeMacos('probe', ['btrfs', 'ext4'], () => {
  test.each([
    {
      kind: 'btrfs',
      place: { filesystem: 'apfs', clones: true },
      expected: { reflink: yes, method: 'clonefile', smallFileMethod: 'clonefile' },
    },
    {
      kind: 'ext4',
      place: { filesystem: 'hfs', clones: false },
      expected: {
        reflink: { supported: false, code: 'ENOTSUP' },
        method: 'copyfile',
        smallFileMethod: 'read_write',
      },
    },
  ] as const)('tells what $kind, posing as $place, can do', async ({ kind, place, expected }) => {
    using mounted = mountFilesystem(kind);
    const [from, to] = [join(mounted.path, 'from'), join(mounted.path, 'to')];
    for (const directory of [from, to]) mkdirSync(directory);
    const found = { ...place, type: expect.any(Number), blockSize: 4096 };
    expect(await probe(from, to)).toEqual({
      platform: process.platform,
      native: { loaded: true },
      source: { ...found, path: from },
      destination: { ...found, path: to },
      kernelCopy: yes,
      direct,
      sparse: yes,
      ...expected,
    });
    expect([...readdirSync(from), ...readdirSync(to)]).toEqual([]);
  });
});
