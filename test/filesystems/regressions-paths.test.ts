import { execFileSync } from 'node:child_process';
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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copy } from 'fs-reflink';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Lane, lanes } from '../support/lanes.ts';
import { notRoot, orSkipped } from '../support/skip.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fs-reflink-paths-'));
  writeFileSync(join(home, 'source'), 'content');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe.each(lanes)('$name', (lane) => {
  let opened: Awaited<ReturnType<Lane['open']>>;
  beforeAll(async () => {
    opened = await lane.open();
  });
  afterAll(() => opened?.close());

  test.each([
    ['that leads nowhere', 'nowhere'],
    ['to a file', 'elsewhere'],
    ['to a directory', 'directory'],
  ])('R17: a symbolic link %s is replaced, and what it points to is not touched', async (_title, target) => {
    writeFileSync(join(home, 'elsewhere'), 'elsewhere');
    mkdirSync(join(home, 'directory'));
    symlinkSync(target, join(home, 'link'));
    expect(await opened.run(join(home, 'source'), join(home, 'link'), {})).toMatchObject({ bytes: 7 });
    expect(lstatSync(join(home, 'link')).isFile()).toBe(true);
    expect(readFileSync(join(home, 'link'), 'utf8')).toBe('content');
    expect(existsSync(join(home, 'nowhere'))).toBe(false);
    expect(readFileSync(join(home, 'elsewhere'), 'utf8')).toBe('elsewhere');
    expect(readdirSync(join(home, 'directory'))).toEqual([]);
  });

  const ways = [{}, { reflink: 'never' }, { pageCache: 'bypass' }, { atomic: true }] as const;

  test.each(ways)('R18: a symbolic link is followed with %o', async (options) => {
    symlinkSync('source', join(home, 'link'));
    expect(await opened.run(join(home, 'link'), join(home, 'copy'), options)).toMatchObject({ bytes: 7 });
    expect(lstatSync(join(home, 'copy')).isFile()).toBe(true);
    expect(readFileSync(join(home, 'copy'), 'utf8')).toBe('content');
  });

  test.each(['source', 'leads/nowhere', 'link', 'directory'])(
    'R18: a symbolic link to %j is kept on request',
    async (target) => {
      mkdirSync(join(home, 'directory'));
      symlinkSync(target, join(home, 'link'));
      // copy() enters a directory that the target names, also through a link.
      const enters = target === 'directory' && /^copy( |$)/.test(lane.name);
      for (const way of enters ? [] : ways) {
        const [destination, options] = [join(home, 'copy'), { ...way, symlinks: 'keep' } as const];
        const copied = await opened.run(join(home, 'link'), destination, options);
        expect(copied).toMatchObject({ bytes: 0 });
        expect(readlinkSync(destination)).toBe(target);
      }
    },
  );

  test('R18: a symbolic link that leads nowhere is an error when it is followed', async () => {
    symlinkSync('nowhere', join(home, 'link'));
    expect(await opened.run(join(home, 'link'), join(home, 'copy'), {})).toEqual({ code: 'ENOENT' });
    expect(existsSync(join(home, 'copy'))).toBe(false);
  });

  test.each([
    ['by the same path', () => 'source', (path: string) => path],
    ['by a hard link', () => 'hard', (path: string) => linkSync(path, join(home, 'hard'))],
    ['by a symbolic link at the destination', () => 'soft', () => symlinkSync('source', join(home, 'soft'))],
    ['through a link to its directory', () => 'here/source', () => symlinkSync('.', join(home, 'here'))],
  ])('R19: a file is not copied onto itself %s', async (_title, name, prepare) => {
    const [source, destination] = [join(home, 'source'), join(home, name())];
    prepare(source);
    for (const atomic of [false, true]) {
      expect(await opened.run(source, destination, { atomic })).toEqual({ code: 'ERR_SAME_FILE' });
      expect(readFileSync(source, 'utf8')).toBe('content');
    }
    expect(readdirSync(home).filter((each) => each.endsWith('.tmp'))).toEqual([]);
  });

  test('R19: a link is not copied onto the file that it leads to', async () => {
    symlinkSync('source', join(home, 'link'));
    expect(await opened.run(join(home, 'link'), join(home, 'source'), {})).toEqual({ code: 'ERR_SAME_FILE' });
    expect(readFileSync(join(home, 'source'), 'utf8')).toBe('content');
  });

  test.skipIf(notRoot)(
    orSkipped('R19: a file is not copied onto itself through another mount of its directory', notRoot),
    async () => {
      const alias = join(home, 'alias');
      mkdirSync(alias);
      mkdirSync(join(home, 'real'));
      writeFileSync(join(home, 'real', 'file'), 'content');
      execFileSync('mount', ['--bind', join(home, 'real'), alias]);
      try {
        const copied = await opened.run(join(home, 'real', 'file'), join(alias, 'file'), {});
        expect(copied).toEqual({ code: 'ERR_SAME_FILE' });
        expect(readFileSync(join(home, 'real', 'file'), 'utf8')).toBe('content');
      } finally {
        execFileSync('umount', [alias]);
      }
    },
  );
});

test('R17: a directory of the destination that is a symbolic link is refused, and nothing goes through it', async () => {
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

test.each([1, 4])('a tree of many files is placed once each by %i worker threads', async (concurrency) => {
  const [from, to] = [join(home, 'from'), join(home, 'to')];
  for (let folder = 0; folder < 12; folder++) {
    mkdirSync(join(from, `${folder}`), { recursive: true });
    for (let file = 0; file < 150; file++)
      writeFileSync(join(from, `${folder}`, `${file}`), `${folder}/${file}`);
  }
  const { entries, files } = await copy({ from, to }, { concurrency, entries: true });
  expect(files).toBe(12 * 150);
  expect(new Set(entries!.map(({ destination }) => destination)).size).toBe(12 * 150);
  expect(entries).toHaveLength(12 * 150);
  for (const { source, destination } of entries!) {
    expect(readFileSync(destination, 'utf8')).toBe(readFileSync(source!, 'utf8'));
  }
});
