import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { copy, type Target } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { notRoot, orSkipped } from '../support/skip.ts';
import { directory, fifo, symlink } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { expectRefused, prepared, type RefusedCase, refusedIn, ways } from './refused-support.ts';
import { contentsOf, filesOf } from './support.ts';

const cases: RefusedCase[] = [
  {
    name: 'a FIFO in the tree',
    files: { 'in/deep/pipe': fifo() },
    code: 'ERR_NOT_REGULAR',
    source: 'in/deep/pipe',
    destination: 'out/deep/pipe',
    reason: 'FIFO',
  },
  {
    name: 'a link to a device in the tree',
    files: { 'in/deep/null': symlink('/dev/null') },
    code: 'ERR_NOT_REGULAR',
    source: 'in/deep/null',
    destination: 'out/deep/null',
    reason: 'device',
  },
  {
    name: 'a broken link in the tree',
    files: { 'in/deep/l': symlink('nowhere') },
    code: 'ENOENT',
    source: 'in/deep/l',
    destination: 'out/deep/l',
    reason: '"nowhere"',
  },
  {
    name: 'a link to itself in the tree',
    files: { 'in/deep/me': symlink('me') },
    code: 'ELOOP',
    source: 'in/deep/me',
    destination: 'out/deep/me',
  },
  {
    name: 'a link to its own directory',
    files: { 'in/deep/up': symlink('.') },
    code: 'ELOOP',
    source: 'in/deep/up',
    destination: 'out/deep/up',
    reason: 'cycle',
  },
  {
    name: 'a link to a directory above',
    files: { 'in/deep/up': symlink('../..') },
    code: 'ELOOP',
    source: 'in/deep/up',
    destination: 'out/deep/up',
    reason: 'cycle',
  },
  {
    name: 'two linked directories that lead to each other',
    files: { 'in/one/two': symlink('../../other'), 'other/one': symlink('../in/one') },
    code: 'ELOOP',
  },
  {
    name: 'a link cycle met by a glob',
    files: { 'in/deep/up': symlink('..') },
    targets: { from: 'in/**', to: 'out' },
    code: 'ELOOP',
    source: 'in/deep/up',
    reason: 'cycle',
  },
  {
    name: 'a broken link met by a glob',
    files: { 'in/deep/l': symlink('nowhere') },
    targets: { from: 'in/**', to: 'out' },
    code: 'ENOENT',
    source: 'in/deep/l',
  },
];

/** Runs a shell script in which `$n` is a path that ends in bytes that are not UTF-8. */
function makeUndecodable(before: string, script: string): void {
  const input = Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe])]);
  expect(spawnSync('sh', ['-c', `n=$(cat); ${script}`], { input }).status).toBe(0);
}

describe.each(ways)('copy refuses, $name,', (way) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (way.held) workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());

  it.each(cases)('$name', (each) => expectRefused(way, each));

  it('a socket in the tree', async () => {
    const cwd = prepared(way);
    const server = createServer().listen(join(cwd, 'in/deep/socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const error = await refusedIn(cwd, way);
    await new Promise((resolve) => server.close(resolve));
    expect(error).toMatchObject({ code: 'ERR_NOT_REGULAR', source: join(cwd, 'in/deep/socket') });
    expect(error.message).toContain('socket');
  });

  it.skipIf(notRoot)(orSkipped('a device in the tree', notRoot), async () => {
    const cwd = prepared(way);
    const { status } = spawnSync('mknod', [join(cwd, 'in/deep/zero'), 'c', '1', '5']);
    expect(status).toBe(0);
    expect(await refusedIn(cwd, way)).toMatchObject({
      code: 'ERR_NOT_REGULAR',
      source: join(cwd, 'in/deep/zero'),
    });
  });

  const unwanted: [how: string, script: string, target: Target][] = [
    ['a file, by ignore', 'printf x > "$n"', { from: 'in', to: 'out', ignore: 'deep/bad-*' }],
    ['a file, by a glob', 'printf x > "$n"', { from: 'in/**/[ab0-9]*([0-9])', to: 'out', base: 'in' }],
    ['a FIFO, by ignore', 'mkfifo "$n"', { from: 'in', to: 'out', ignore: 'deep/bad-*' }],
    ['a link to a file, by ignore', 'ln -s b "$n"', { from: 'in', to: 'out', ignore: 'deep/bad-*' }],
    [
      'a link to a directory, by ignore',
      'ln -s .. "$n"',
      { from: 'in', to: 'out', ignore: ['**/bad-*', '**/bad-*/**'] },
    ],
    [
      'a directory, by ignore',
      'mkdir "$n" && printf x > "$n/x"',
      { from: 'in', to: 'out', ignore: 'deep/bad-*/**' },
    ],
    [
      'a directory, by directoryFilter',
      'mkdir "$n" && printf x > "$n/x"',
      { from: 'in', to: 'out', directoryFilter: (directory) => !directory.includes('bad-') },
    ],
  ];
  it.each(unwanted)('no name that is not UTF-8 where it is left out: %s', async (_how, script, target) => {
    const cwd = prepared(way);
    makeUndecodable(join(cwd, 'in/deep/bad-'), script);
    const run = () => copy({ ...way.target, ...target }, { cwd, manifest: 'manifest', entries: true });
    const { files, entries } = await run();
    expect(files).toBe(2 + Object.keys(way.files).length);
    expect(entries!.every(({ method }) => method !== undefined)).toBe(true);
    expect(filesOf(join(cwd, 'out'))).toEqual(expect.arrayContaining(['a', 'deep/b', 'precious']));
    expect(filesOf(join(cwd, 'out'))).toHaveLength(files + 1);
    await pastTick();
    await run();
    expect(await run()).toMatchObject({ files: 0, unchanged: files });
  });

  it('a link to itself is no obstacle when links are kept', async () => {
    const cwd = prepared(way, {
      'in/me': symlink('me'),
      'in/broken': symlink('x'),
      'in/up': symlink('..'),
      empty: directory(),
    });
    const report = await copy({ from: 'in', to: 'out', ...way.target }, { cwd, symlinks: 'keep' });
    expect(report.links).toBe(3);
    expect(contentsOf(join(cwd, 'out'))).toMatchObject({ me: '-> me', broken: '-> x', up: '-> ..' });
  });
});
