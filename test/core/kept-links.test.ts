import {
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { copy, plan } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lanes, type Run } from '../support/lanes.ts';
import { cannotGiveUpRights } from '../support/other-user.ts';
import { notLinux, notRoot, orSkipped } from '../support/skip.ts';
import { directory, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { asNobody, contentsOf, inProcess, leavingNothing, refusal, workspace } from './support.ts';

const keep = { symlinks: 'keep' } as const;

interface Case {
  name: string;
  files: TreeSpec;
  prepare?: (cwd: string) => void;
  from?: string;
  to?: string;
}

/** The link leads to the destination it is to replace: `a/link` to `b/file`, unless a case says otherwise. */
const ontoTarget: Case[] = [
  { name: 'the file it points to', files: { 'b/file': 'precious', 'a/link': symlink('../b/file') } },
  {
    name: 'the file it points to beside it',
    files: { file: 'precious', link: symlink('file') },
    from: 'link',
    to: 'file',
  },
  {
    name: 'the file it points to through a linked directory',
    files: { 'b/file': 'precious', way: symlink('b'), 'a/link': symlink('../way/file') },
  },
  {
    name: 'the file it points to, named through a linked directory',
    files: { 'b/file': 'precious', way: symlink('b'), 'a/link': symlink('../b/file') },
    to: 'way/file',
  },
  {
    name: 'the file it points to through other links',
    files: { 'b/file': 'precious', 'a/link': symlink('next'), 'a/next': symlink('../b/file') },
  },
  {
    name: 'a hard link of the file it points to',
    files: { 'c/file': 'precious', 'a/link': symlink('../c/file'), b: directory() },
    prepare: (cwd) => linkSync(join(cwd, 'c/file'), join(cwd, 'b/file')),
  },
  {
    name: 'the file it points to, whose path differs in case alone',
    files: { 'Dir/x/file': 'precious', 'dir/x/file': symlink('../../Dir/x/file') },
    from: 'dir/x/file',
    to: 'Dir/x/file',
  },
  {
    name: 'the link it points to',
    files: { 'c/file': 'precious', 'b/file': symlink('../c/file'), 'a/link': symlink('../b/file') },
  },
  {
    name: 'a link it leads through, which leads nowhere',
    files: { 'b/file': symlink('nowhere'), 'a/next': symlink('../b/file'), 'a/link': symlink('next') },
  },
  {
    name: 'the link to a directory that it points to',
    files: { 'c/x': 'precious', 'b/file': symlink('../c'), 'a/link': symlink('../b/file/') },
  },
];

describe.each(lanes)('$name of a link that is kept', ({ name: lane, open }) => {
  let opened: { run: Run; close(): Promise<void> };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  // copy() copies the content of a directory that is named, even through a link.
  const entered = (name: string) => /^copy( |$)/.test(lane) && name.includes('directory that');

  it.each(ontoTarget.filter(({ name }) => !entered(name)))('is refused onto $name', async (each) => {
    const { files, prepare, from = 'a/link', to = 'b/file' } = each;
    const cwd = writeTree(workspace(), files);
    prepare?.(cwd);
    const before = contentsOf(cwd);
    for (const options of [{}, { atomic: true }, { overwrite: 'changed' }, { overwrite: false }] as const) {
      const copied = await opened.run(join(cwd, from), join(cwd, to), { ...keep, ...options });
      expect(copied, JSON.stringify(options)).toEqual({ code: 'ERR_SAME_FILE' });
      expect(contentsOf(cwd)).toEqual(before);
    }
  });

  it('replaces another file, and a link that leads elsewhere or to the same file by another way', async () => {
    const files = { target: 'precious', 'a/link': symlink('../target') };
    for (const old of ['file', symlink('nowhere'), symlink('a/link'), symlink('./target'), symlink('old')]) {
      const cwd = writeTree(workspace(), { ...files, old });
      const copied = await opened.run(join(cwd, 'a/link'), join(cwd, 'old'), keep);
      expect(copied).toEqual({ method: 'symlink', bytes: 0 });
      expect(readlinkSync(join(cwd, 'old'))).toBe('../target');
      expect(readFileSync(join(cwd, 'target'), 'utf8')).toBe('precious');
    }
  });

  it('leaves a link with the same target as it is, also one that leads to itself', async () => {
    const cwd = writeTree(workspace(), { 'a/me': symlink('me'), 'b/me': symlink('me') });
    const { ino } = lstatSync(join(cwd, 'b/me'));
    expect(await opened.run(join(cwd, 'a/me'), join(cwd, 'b/me'), keep)).toEqual({
      method: 'unchanged',
      bytes: 0,
    });
    expect(lstatSync(join(cwd, 'b/me')).ino).toBe(ino);
  });
});

/** Targets of links that are not UTF-8. */
const undecodable = ['636166e92f78', '6eff', 'eda080', 'f0288cbc2e74', 'c0af'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const bytesOf = (link: string) => readlinkSync(link, { encoding: 'buffer' }).toString('hex');

describe.each(lanes)('$name of a link whose target is not UTF-8', ({ open }) => {
  let opened: { run: Run; close(): Promise<void> };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  it.each(undecodable.map((target) => [target.toString('hex'), target] as const))(
    'keeps its bytes, %s, and compares by them',
    async (hex, target) => {
      const cwd = workspace();
      const [link, out] = [join(cwd, 'link'), join(cwd, 'out')];
      symlinkSync(target, link);
      expect(await opened.run(link, out, keep)).toEqual({ method: 'symlink', bytes: 0 });
      expect(bytesOf(out)).toBe(hex);
      expect(await opened.run(link, out, keep)).toEqual({ method: 'unchanged', bytes: 0 });
      // Decoded as UTF-8, the other target is the same.
      for (const other of [target.toString(), Buffer.from(hex.replace(/e9|ff|a0|8c|af/, 'fe'), 'hex')]) {
        rmSync(out);
        symlinkSync(other, out);
        expect(await opened.run(link, out, keep)).toEqual({ method: 'symlink', bytes: 0 });
        expect(bytesOf(out)).toBe(hex);
      }
    },
  );
});

describe.each([{}, { manifest: 'm' }])(
  'a tree with links whose targets are not UTF-8, with %j',
  (options) => {
    it('is copied as it is, and as its dry run says', async () => {
      const cwd = workspace();
      mkdirSync(join(cwd, 'in'));
      for (const [number, target] of undecodable.entries()) symlinkSync(target, join(cwd, 'in', `${number}`));
      const act = async (how: typeof copy) => {
        const { links, unchanged } = await how({ from: 'in', to: 'out' }, { cwd, ...keep, ...options });
        return { links, unchanged };
      };
      const expectAct = async (expected: { links: number; unchanged: number }) => {
        expect(await act(plan)).toEqual(expected);
        expect(await act(copy)).toEqual(expected);
        for (const [number, target] of undecodable.entries())
          expect(bytesOf(join(cwd, 'out', `${number}`))).toBe(target.toString('hex'));
      };
      await expectAct({ links: 5, unchanged: 0 });
      await expectAct({ links: 0, unchanged: 5 });
      rmSync(join(cwd, 'out/0'));
      symlinkSync(undecodable[0]!.toString(), join(cwd, 'out/0'));
      await expectAct({ links: 1, unchanged: 4 });
    });
  },
);

describe('a link to the source in the destination', () => {
  const files = { 'in/x': symlink('../linked/x'), 'linked/x': 'content' };
  const targets = { from: 'in', to: 'out' };

  it('is replaced if an earlier copy with the same manifest made it, as its dry run says', async () => {
    const cwd = writeTree(workspace(), files);
    const options = { cwd, manifest: 'm' };
    expect(await copy(targets, { ...options, ...keep })).toMatchObject({ links: 1 });
    expect(readlinkSync(join(cwd, 'out/x'))).toBe('../linked/x');
    expect(await plan(targets, options)).toMatchObject({ files: 1 });
    const { files: count, methods } = await copy(targets, options);
    expect(count).toBe(1);
    expect(Object.values(methods)).toEqual([{ files: 1, bytes: 7 }]);
    expect(lstatSync(join(cwd, 'out/x')).isFile()).toBe(true);
    for (const name of ['out/x', 'linked/x']) expect(readFileSync(join(cwd, name), 'utf8')).toBe('content');
    expect(await copy(targets, { ...options, ...keep })).toMatchObject({ links: 1 });
  });

  it('is replaced by a transformed file in the same way', async () => {
    const cwd = writeTree(workspace(), files);
    const options = { cwd, manifest: 'm' };
    await copy(targets, { ...options, ...keep });
    const { methods } = await copy({ ...targets, transform: (content) => `${content}, changed` }, options);
    expect(methods).toEqual({ transform: { files: 1, bytes: 16 } });
    expect(lstatSync(join(cwd, 'out/x')).isFile()).toBe(true);
    expect(readFileSync(join(cwd, 'out/x'), 'utf8')).toBe('content, changed');
    expect(readFileSync(join(cwd, 'linked/x'), 'utf8')).toBe('content');
  });

  it('is refused if somebody else made it', async () => {
    const cwd = writeTree(workspace(), { ...files, 'out/x': symlink('../linked/x') });
    const refused = await refusal(() => copy(targets, { cwd, manifest: 'm' }));
    expect(refused.code).toBe('ERR_SAME_FILE');
  });
});

describe('a tree with a link to a file that is in its destination', () => {
  const files = { 'a/x': symlink('../b/x'), 'a/y': 'y', 'b/x': 'precious' };

  it.each([
    ['a copy', {}],
    ['a copy with a manifest', { manifest: 'm' }],
    ['a copy that deletes what is stale', { prune: 'everything' }],
  ] as const)('is refused by %s, and by its dry run', async (_name, options) => {
    const cwd = writeTree(workspace(), files);
    const targets = { from: 'a', to: 'b' };
    const planned = await leavingNothing(cwd, () =>
      refusal(() => plan(targets, { cwd, ...keep, ...options })),
    );
    expect(contentsOf(cwd)).toEqual(contentsOf(writeTree(workspace(), files)));
    const copied = await refusal(() => copy(targets, { cwd, ...keep, ...options }));
    expect(copied.code).toBe('prune' in options ? 'ERR_NESTED' : 'ERR_SAME_FILE');
    expect(copied.message).toBe(planned.message);
    expect(copied.message).toContain(JSON.stringify(join(cwd, 'a/x')));
    expect(readFileSync(join(cwd, 'b/x'), 'utf8')).toBe('precious');
    expect(lstatSync(join(cwd, 'b/x')).isFile()).toBe(true);
  });
});

describe.each(lanes)("$name of a link that is kept, with 'ownership' in preserve", ({ open }) => {
  const cannot = notRoot ?? notLinux;
  let opened: { run: Run; close(): Promise<void> };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  it.skipIf(cannot)(
    orSkipped("has its source's owner and time, and leaves what it leads to alone", cannot),
    async () => {
      const cwd = writeTree(workspace(), { file: 'file', 'in/link': symlink('../file') });
      const link = join(cwd, 'in/link');
      const out = join(cwd, 'out');
      const ownerOf = (path: string) => [lstatSync(path).uid, lstatSync(path).gid];
      lchownSync(link, 12, 34);
      lutimesSync(link, 1000, 1000);
      const options = { ...keep, preserve: ['mode', 'timestamps', 'ownership'] } as const;
      expect(await opened.run(link, out, options)).toEqual({ method: 'symlink', bytes: 0 });
      expect(ownerOf(out)).toEqual([12, 34]);
      expect(lstatSync(out).mtimeMs).toBe(1_000_000);
      // The link is kept, and gets the new owner of its source.
      const { ino } = lstatSync(out);
      lchownSync(link, 56, 78);
      expect(await opened.run(link, out, options)).toEqual({ method: 'unchanged', bytes: 0 });
      expect(ownerOf(out)).toEqual([56, 78]);
      expect(lstatSync(out).ino).toBe(ino);
      lchownSync(link, 1, 1);
      expect(await opened.run(link, out, { ...options, overwrite: false })).toMatchObject({
        method: 'unchanged',
      });
      expect(ownerOf(out)).toEqual([56, 78]);
      expect(ownerOf(join(cwd, 'file'))).toEqual([0, 0]);
    },
  );
});

const noOther = cannotGiveUpRights();
it.skipIf(noOther ?? notRoot)(
  orSkipped('a user who may not give links to others is told that their owner is lost', noOther ?? notRoot),
  () => {
    const cwd = writeTree(workspace(), { 'in/link': symlink('nowhere'), open: directory({ mode: 0o777 }) });
    const { value } = inProcess(
      `${asNobody}
      return await lib.copy({ from: argument.from, to: argument.to }, { symlinks: 'keep', preserve: ['ownership'] });`,
      { from: join(cwd, 'in'), to: join(cwd, 'open/out') },
    ) as { value?: object };
    expect(value).toMatchObject({
      links: 1,
      warnings: [expect.stringMatching(/^the owner and group \('ownership' in preserve\).*EPERM/)],
    });
  },
);
