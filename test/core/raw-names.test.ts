import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, copySync, plan, type Target } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { bootWorkers } from '../support/workers.ts';
import { refusal, rejection, workspace } from './support.ts';

const onLinux = process.platform === 'linux';

/** A path from a string in which each character is one byte. */
const at = (cwd: string, path: string) =>
  Buffer.concat([Buffer.from(`${cwd}/`), Buffer.from(path, 'latin1')]);

const files: Record<string, string> = {
  plain: 'plain',
  'a\xff.txt': 'bytes',
  // The name that Node.js decodes from the bytes of the previous one.
  'a\xef\xbf\xbd.txt': 'replacement',
  '\xc3\xa9': 'valid',
  'd\xfe/normal': 'below',
  'd\xfe/deeper/still': 'deeper',
  'd\xfe/\x80\x81': 'below, bytes',
  'd\xef\xbf\xbd/normal': 'in the other directory',
  'e/large\xff': 'x'.repeat(300_000),
};

function prepared(): string {
  const cwd = workspace();
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(at(cwd, `in/${path}/..`.replace(/[^/]+\/\.\.$/, '')), { recursive: true });
    fs.writeFileSync(at(cwd, `in/${path}`), content);
  }
  fs.mkdirSync(at(cwd, 'in/empty\xff'));
  fs.symlinkSync(at(cwd, 'in/a\xff.txt').subarray(cwd.length + 4), at(cwd, 'in/link\xff'));
  for (const path of Object.keys(files)) fs.utimesSync(at(cwd, `in/${path}`), 1e9, 1e9);
  return cwd;
}

/** Every path below a directory, as bytes, with the content of the file, the target of the link, or `a directory`. */
function contents(cwd: string, path: string, found: Record<string, string> = {}): Record<string, string> {
  for (const entry of fs.readdirSync(at(cwd, path), { withFileTypes: true, encoding: 'buffer' })) {
    const child = `${path}/${entry.name.toString('latin1')}`;
    const key = child.slice(child.indexOf('/') + 1);
    if (entry.isDirectory()) contents(cwd, child, Object.assign(found, { [key]: 'a directory' }));
    else if (entry.isSymbolicLink())
      found[key] = `-> ${fs.readlinkSync(at(cwd, child), { encoding: 'buffer' }).toString('latin1')}`;
    else found[key] = fs.readFileSync(at(cwd, child), 'latin1');
  }
  return found;
}

const target: Target = { from: 'in', to: 'out' };

describe.runIf(onLinux).each([
  { name: 'on the calling thread', held: false, given: {} },
  { name: 'in worker threads that stand ready', held: true, given: {} },
  { name: 'with a function', held: false, given: { filter: () => true } },
])('names that are not UTF-8, $name', ({ held, given }) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (held) workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());
  const run = (cwd: string, options: CopyOptions = {}) =>
    copy({ ...target, ...given }, { cwd, symlinks: 'keep', ...options });

  it('are copied with all below them, each by its own name', async () => {
    const cwd = prepared();
    const report = await run(cwd, { entries: true });
    const expected = contents(cwd, 'in');
    // Directories without a file that `filter` accepts are not created.
    if ('filter' in given) expect(report.files).toBe(Object.keys(files).length);
    else expect(contents(cwd, 'out')).toEqual(expected);
    expect(report).toMatchObject({ files: Object.keys(files).length, links: 1, warnings: [] });
    expect(contents(cwd, 'out')).toMatchObject({
      'a\xff.txt': 'bytes',
      'd\xfe/\x80\x81': 'below, bytes',
      'link\xff': '-> a\xff.txt',
    });
    const shown = report.entries!.map(({ destination }) => destination.slice(cwd.length + 5));
    expect(shown).toEqual(expect.arrayContaining(['a\\377.txt', 'd\\376/\\200\\201', 'd\\376/normal', 'é']));
    for (const { method, action } of report.entries!)
      expect(action === 'linked' || ['ficlone', 'copy_file_range', 'read_write'].includes(method!)).toBe(
        true,
      );
    expect(fs.statSync(at(cwd, 'out/a\xff.txt')).mtimeMs).toBe(1e12);
  });

  it('are known by the manifest, and are deleted when they are stale', async () => {
    const cwd = prepared();
    await pastTick();
    const options = { manifest: 'manifest', prune: true } as const;
    await run(cwd, options);
    const all = Object.keys(files).length + 1;
    expect(await run(cwd, options)).toMatchObject({ files: 0, links: 0, unchanged: all, pruned: 0 });
    fs.rmSync(at(cwd, 'in/a\xff.txt'));
    fs.rmSync(at(cwd, 'in/d\xfe'), { recursive: true });
    fs.writeFileSync(at(cwd, 'in/e/large\xff'), 'changed');
    expect(await run(cwd, options)).toMatchObject({ files: 1, pruned: 4 });
    const left = contents(cwd, 'out');
    expect(left).toMatchObject({ 'a\xef\xbf\xbd.txt': 'replacement', 'e/large\xff': 'changed' });
    expect(Object.keys(left).filter((path) => /^(a\xff|d\xfe)/.test(path))).toEqual([]);
  });

  it('are copied beside a file, found unchanged, whose name has the character that stands for such bytes', async () => {
    const cwd = workspace();
    const options = { manifest: 'manifest', symlinks: 'follow' } as const;
    const [character, bytes] = ['a\xef\xbf\xbd', 'a\xff'];
    fs.mkdirSync(join(cwd, 'in'));
    fs.writeFileSync(at(cwd, `in/${character}`), 'character');
    await pastTick();
    await run(cwd, options);
    fs.writeFileSync(at(cwd, `in/${bytes}`), 'bytes');
    expect(await run(cwd, options)).toMatchObject({ files: 1, unchanged: 1 });
    expect(contents(cwd, 'out')).toEqual({ [character]: 'character', [bytes]: 'bytes' });
  });

  it("are compared by overwrite: 'changed', and left by prune: 'everything'", async () => {
    const cwd = prepared();
    await run(cwd);
    fs.writeFileSync(at(cwd, 'out/stale\xfe'), '');
    fs.mkdirSync(at(cwd, 'out/stale\xfd/\xff'), { recursive: true });
    const again = await run(cwd, { overwrite: 'changed', prune: 'everything', manifest: 'manifest' });
    expect(again).toMatchObject({ files: 0, pruned: 1 });
    expect(contents(cwd, 'out')).toEqual(contents(cwd, 'in'));
  });

  it('are shown as ls does in an error', async () => {
    const cwd = prepared();
    fs.mkdirSync(at(cwd, 'out/d\xfe/\x80\x81'), { recursive: true });
    const error = await refusal(() => run(cwd));
    expect(error).toMatchObject({ code: 'EISDIR', destination: join(cwd, 'out/d\\376/\\200\\201') });
    expect(error.message).toContain(
      `"${join(cwd, 'in/d\\376/\\200\\201')}" to "${join(cwd, 'out/d\\376/\\200\\201')}"`,
    );
  });

  it('are left out by globs, to which each such byte is a character', async () => {
    const cwd = prepared();
    await copy({ ...target, ...given, ignore: ['a?.txt', 'd?/**', 'e', 'link*'] }, { cwd });
    const copied = Object.keys(contents(cwd, 'out')).filter((path) => path !== 'empty\xff');
    expect(copied.sort()).toEqual(['plain', '\xc3\xa9'].sort());
  });
});

describe.runIf(onLinux)('names that are not UTF-8', () => {
  it('are copied by copySync', () => {
    const cwd = prepared();
    const paths: string[] = [];
    const { files: copied } = copySync(target, {
      cwd,
      symlinks: 'keep',
      onProgress: ({ destination, done }) => done && void paths.push(destination),
    });
    expect(copied).toBe(Object.keys(files).length);
    expect(contents(cwd, 'out')).toEqual(contents(cwd, 'in'));
    expect(paths).toContain(join(cwd, 'out/a\\377.txt'));
  });

  it('are counted by a dry run, which touches nothing', async () => {
    const cwd = prepared();
    const planned = await plan(target, { cwd, symlinks: 'keep' });
    expect(planned).toMatchObject({ files: Object.keys(files).length, links: 1, directories: 6 });
    expect(fs.existsSync(join(cwd, 'out'))).toBe(false);
  });

  it('are given to functions as strings that may be returned', async () => {
    const cwd = prepared();
    const report = await copy(
      [
        {
          from: 'in/*.txt',
          to: 'out',
          rename: (file) => `renamed/${file}`,
          transform: (content) => `${content.toString()} transformed`,
        },
        { from: 'in/link*', to: 'links', symlinks: 'follow' },
      ],
      { cwd },
    );
    expect(report).toMatchObject({ files: 3, warnings: [] });
    expect(contents(cwd, 'out')).toEqual({
      renamed: 'a directory',
      'renamed/a\xff.txt': 'bytes transformed',
      'renamed/a\xef\xbf\xbd.txt': 'replacement transformed',
    });
    expect(contents(cwd, 'links')).toEqual({ 'link\xff': 'bytes' });
  });

  it.each([false, true])(
    'keep hard links, FIFOs and attributes of directories, with workers: %s',
    async (held) => {
      const cwd = prepared();
      const workers = held ? await bootWorkers(2) : undefined;
      fs.linkSync(join(cwd, 'in/plain'), at(cwd, 'in/same\xff'));
      fs.linkSync(at(cwd, 'in/a\xff.txt'), at(cwd, 'in/e/same\xff'));
      expect(spawnSync('sh', ['-c', 'mkfifo "$(cat)"'], { input: at(cwd, 'in/pipe\xff') }).status).toBe(0);
      fs.chmodSync(at(cwd, 'in/d\xfe'), 0o700);
      fs.utimesSync(at(cwd, 'in/d\xfe'), 1e9, 1e9);
      const report = await copy(target, {
        cwd,
        symlinks: 'keep',
        preserve: ['mode', 'timestamps', 'links', 'devices'],
      });
      await workers?.dispose();
      expect(report.warnings).toEqual([]);
      const inode = (path: string) => fs.statSync(at(cwd, `out/${path}`)).ino;
      expect(inode('plain')).toBe(inode('same\xff'));
      expect(inode('a\xff.txt')).toBe(inode('e/same\xff'));
      expect(fs.statSync(at(cwd, 'out/pipe\xff')).isFIFO()).toBe(true);
      const { mode, mtimeMs } = fs.statSync(at(cwd, 'out/d\xfe'));
      expect([mode & 0o777, mtimeMs]).toEqual([0o700, 1e12]);
    },
  );

  it('keep hard links to names that are UTF-8, also if only the target says so', async () => {
    const cwd = prepared();
    fs.mkdirSync(join(cwd, 'in/plain-names'));
    fs.linkSync(at(cwd, 'in/a\xff.txt'), join(cwd, 'in/plain-names/same'));
    const preserve = ['mode', 'timestamps', 'links'] as const;
    const { methods } = await copy({ ...target, preserve }, { cwd, symlinks: 'keep' });
    expect(methods.hard_link).toEqual({ files: 1, bytes: 0 });
    const inode = (path: string) => fs.statSync(at(cwd, `out/${path}`)).ino;
    expect(inode('plain-names/same')).toBe(inode('a\xff.txt'));
  });

  it('are refused by name where a host has to know the names', async () => {
    const cwd = prepared();
    const { list } = await import('fs-reflink/list');
    const error = (await rejection(() => list(target, { cwd }))) as Error;
    expect(error).toMatchObject({ code: 'EILSEQ' });
    expect(error.message).toContain('leave it out with "ignore"');
  });
});
