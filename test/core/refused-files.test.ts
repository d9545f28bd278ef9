import { linkSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type CopyFileOptions, copy, copyFile, copyFileSync } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directory, fifo, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, leavingNothing, refusal, workspace } from './support.ts';

interface Case {
  name: string;
  files?: TreeSpec;
  prepare?: (cwd: string) => void;
  from: string;
  to: string;
  options?: CopyFileOptions;
  code: string;
  reason?: string;
  /** Skipped for copy(), for which the same input means something else. */
  onlyFile?: boolean;
}

const long = 'n'.repeat(300);

const cases: Case[] = [
  { name: 'a source that is missing', from: 'none', to: 'old', code: 'ENOENT' },
  {
    name: 'a source with a newline, quotes and an emoji',
    from: 'no\nne "x" \' 🎉',
    to: 'o\nld "🎉"',
    code: 'ENOENT',
  },
  { name: 'a source below a file', from: 'a/none', to: 'old', code: 'ENOENT' },
  { name: 'a source in a missing directory', from: 'none/none', to: 'old', code: 'ENOENT' },
  { name: 'a source whose name is too long', from: long, to: 'old', code: 'ENAMETOOLONG' },
  { name: 'a source that is a directory', from: 'dir', to: 'old', code: 'EISDIR', onlyFile: true },
  {
    name: 'a source that is a FIFO',
    files: { pipe: fifo() },
    from: 'pipe',
    to: 'old',
    code: 'ERR_NOT_REGULAR',
    reason: 'FIFO',
  },
  {
    name: 'a source that links to a device',
    files: { null: symlink('/dev/null') },
    from: 'null',
    to: 'old',
    code: 'ERR_NOT_REGULAR',
    reason: 'device',
  },
  {
    name: 'a source that is a broken link',
    files: { link: symlink('nowhere') },
    from: 'link',
    to: 'old',
    code: 'ENOENT',
    reason: 'broken symbolic link, its target "nowhere"',
  },
  {
    name: 'a source that links to itself',
    files: { me: symlink('me') },
    from: 'me',
    to: 'old',
    code: 'ELOOP',
  },
  {
    name: 'a source in a circle of links',
    files: { one: symlink('two'), two: symlink('one') },
    from: 'one',
    to: 'old',
    code: 'ELOOP',
  },
  { name: 'the same path', from: 'a', to: 'a', code: 'ERR_SAME_FILE' },
  { name: 'the same path, spelled otherwise', from: 'dir/../a', to: './a', code: 'ERR_SAME_FILE' },
  {
    name: 'a hard link to the source',
    prepare: (cwd) => linkSync(join(cwd, 'a'), join(cwd, 'hard')),
    from: 'a',
    to: 'hard',
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'a symbolic link to the source',
    files: { link: symlink('a') },
    from: 'a',
    to: 'link',
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'a symbolic link to the source, by a path that differs in case alone',
    files: { 'in/b': 'b', 'IN/b': symlink('../in/b') },
    from: 'in/b',
    to: 'IN/b',
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'what the source links to',
    files: { link: symlink('a') },
    from: 'link',
    to: 'a',
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'the same file by a linked directory',
    files: { 'dir/b': 'b', way: symlink('dir') },
    from: 'dir/b',
    to: 'way/b',
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'the same file although it is to be left alone',
    from: 'a',
    to: 'a',
    options: { overwrite: false },
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'the same link to be kept',
    files: { link: symlink('a') },
    from: 'link',
    to: 'link',
    options: { symlinks: 'keep' },
    code: 'ERR_SAME_FILE',
  },
  {
    name: 'the file that a link to be kept leads to',
    files: { link: symlink('a') },
    from: 'link',
    to: 'a',
    options: { symlinks: 'keep' },
    code: 'ERR_SAME_FILE',
    reason: 'leads to the destination',
  },
  {
    name: 'a destination that is a directory',
    from: 'a',
    to: 'dir',
    code: 'EISDIR',
    reason: 'the destination is a directory; delete or rename it, or choose another destination',
  },
  {
    name: 'a destination that is a full directory',
    files: { 'dir/x': 'x' },
    from: 'a',
    to: 'dir',
    code: 'EISDIR',
  },
  {
    name: 'a destination that is a directory although it is to be left alone',
    from: 'a',
    to: 'dir',
    options: { overwrite: false },
    code: 'EISDIR',
  },
  {
    name: 'a link to be kept where a directory is',
    files: { link: symlink('a') },
    from: 'link',
    to: 'dir',
    options: { symlinks: 'keep' },
    code: 'EISDIR',
  },
  ...['new/', 'dir/', 'old/'].map(
    (to): Case => ({
      name: `a destination that ends with a slash, ${to}`,
      from: 'a',
      to,
      onlyFile: true,
      code: 'EISDIR',
      reason: `${to}a" for instance`,
    }),
  ),
  { name: 'a destination whose name is too long', from: 'a', to: long, code: 'ENAMETOOLONG' },
  {
    name: 'a destination that must not exist',
    from: 'a',
    to: 'old',
    options: { overwrite: 'error' },
    code: 'EEXIST',
  },
];

/** The copy fails when it creates the parent directory of the destination. */
const above: (Case & { blocking?: string })[] = [
  {
    name: 'a destination in a directory whose name is too long',
    from: 'a',
    to: `${long}/b`,
    code: 'ENAMETOOLONG',
  },
  { name: 'a destination below a file', from: 'a', to: 'old/b', code: 'ENOTDIR', blocking: 'old' },
  { name: 'a destination far below a file', from: 'a', to: 'old/b/c', code: 'ENOTDIR', blocking: 'old' },
];

type Lane = (from: string, to: string, options: CopyFileOptions) => Promise<unknown>;
const byCopy: Lane = (from, to, options) =>
  copy({ from, to: dirname(to), rename: basename(to) }, { ...options });
const lanes: Record<string, Lane> = {
  copyFile: (from, to, options) => copyFile(from, to, options),
  copyFileSync: async (from, to, options) => copyFileSync(from, to, options),
  copy: byCopy,
  'copy in worker threads': byCopy,
};

describe.each(Object.keys(lanes))('%s refuses', (lane) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (lane.includes('worker')) workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());

  async function refused({ files, prepare, from, to, options = {} }: Case) {
    const cwd = writeTree(workspace(), { a: 'a', old: 'old', dir: directory(), ...files });
    prepare?.(cwd);
    const [source, destination] = [join(cwd, from), join(cwd, to)];
    const before = contentsOf(cwd);
    const error = await leavingNothing(cwd, () => refusal(() => lanes[lane]!(source, destination, options)));
    expect(contentsOf(cwd)).toEqual(before);
    expect(readFileSync(join(cwd, 'a'), 'utf8')).toBe('a');
    return { error, source, destination };
  }

  const fitting = cases.filter(({ onlyFile }) => !onlyFile || lane.startsWith('copyFile'));
  it.each(fitting)('$name', async (each) => {
    const { error, source, destination } = await refused(each);
    expect(error).toMatchObject({ code: each.code, source, method: undefined });
    // A missing source may have been a directory: then the error can only name the directory of the destination.
    const isGone = each.code === 'ENOENT' && /none|no\n/.test(each.from) && !lane.startsWith('copyFile');
    const known = isGone ? dirname(destination) : destination;
    expect(error.destination).toBe(known);
    for (const path of [source, known]) expect(error.message).toContain(JSON.stringify(path));
    expect(error.message).toContain(each.reason ?? '');
    expect(error.message).toContain(each.code);
  });

  it.each(above)('$name', async (each) => {
    const { error, source, destination } = await refused(each);
    expect(error).toMatchObject({ code: each.code, source, destination });
    if (each.blocking) expect(error.reason).toContain(`${each.blocking}" is not a directory`);
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.cause).toMatchObject({
      code: expect.stringMatching(/^E/),
      syscall: expect.stringMatching(/mkdir|stat/),
      message: expect.stringMatching(/mkdir|stat/),
      path: expect.stringContaining('/'),
      errno: expect.any(Number),
    });
  });
});
