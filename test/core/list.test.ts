import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, type Target } from 'fs-reflink';
import { type FileList, list, listSync } from 'fs-reflink/list';
import { describe, expect, test } from 'vitest';
import { directory, symlink, writeTree } from '../support/trees.ts';
import { contentsOf, fill, workspace } from './support.ts';

const tree = {
  'from/a.txt': 'a',
  'from/sub/b.txt': 'b',
  'from/link': symlink('a.txt'),
  'other/a.txt': 'other',
  'to/a.txt': 'there before',
};

function named(cwd: string, { files }: FileList): string[] {
  return files.map(({ source, destination, target, link }) => {
    const relative = [source, destination].map((path) => path.slice(cwd.length + 1));
    return `${target}: ${relative.join(' > ')}${link ? ' (link)' : ''}`;
  });
}

describe('list', () => {
  const cases: [
    targets: Target | Target[],
    options: CopyOptions,
    files: string[],
    warnings?: (string | RegExp)[],
  ][] = [
    [
      { from: 'from', to: 'to' },
      {},
      ['0: from/a.txt > to/a.txt', '0: from/link > to/link', '0: from/sub/b.txt > to/sub/b.txt'],
    ],
    [
      { from: 'from/*', to: 'to' },
      { symlinks: 'keep' },
      ['0: from/a.txt > to/a.txt', '0: from/link > to/link (link)'],
      ['"from/*" matches 1 directory ("sub")'],
    ],
    [
      [
        { from: 'from/a.txt', to: 'to' },
        { from: 'other', to: 'to' },
      ],
      {},
      ['1: other/a.txt > to/a.txt'],
    ],
    [{ from: 'from', to: 'to' }, { leave: ['to/a.txt', 'to/link'] }, ['0: from/sub/b.txt > to/sub/b.txt']],
    // A destination in `leave` does not collide.
    [
      [
        { from: 'from/a.txt', to: 'to' },
        { from: 'other', to: 'to' },
      ],
      { overwrite: 'error', leave: ['to/a.txt'] },
      [],
    ],
    [{ from: '{from,other}/a.txt', to: 'to', flatten: true }, { leave: ['to/a.txt'] }, []],
    [{ from: 'none', to: 'to' }, { allowMissing: true }, [], ['nothing matches "none" (looked for "/']],
    [{ from: '/none', to: 'to' }, { allowMissing: true }, [], [/^nothing matches "\/none"$/]],
    [{ from: 'from/a.txt', to: 'to', overwrite: 'error' }, {}, ['0: from/a.txt > to/a.txt']],
  ];
  test.each(cases)('%j %j', async (targets, options, files, warnings = []) => {
    const cwd = workspace();
    writeTree(cwd, tree);
    const before = contentsOf(cwd);
    const found = await list(targets, { cwd, ...options });
    expect(named(cwd, found).sort()).toEqual(files);
    expect(found.warnings).toEqual(
      warnings.map((each) =>
        typeof each === 'string' ? expect.stringContaining(each) : expect.stringMatching(each),
      ),
    );
    expect(listSync(targets, { cwd, ...options })).toEqual(found);
    expect(contentsOf(cwd)).toEqual(before);
  });

  test('directories that were looked into are told, those without files too', async () => {
    const cwd = workspace();
    writeTree(cwd, { ...tree, 'from/empty': directory() });
    const { folders } = await list([{ from: 'from', to: 'to' }, { from: 'other/a.txt' }], { cwd });
    const below = folders.map((each) =>
      [each.source, each.destination].map((path) => path.slice(cwd.length)),
    );
    expect(below.sort()).toEqual([
      ['/from', '/to'],
      ['/from/empty', '/to/empty'],
      ['/from/sub', '/to/sub'],
      ['/other', ''],
    ]);
  });

  test('what is missing is an error', async () => {
    await expect(list({ from: 'none' }, { cwd: workspace() })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('leave', () => {
  test.each([3, 400])('what is left is not copied, %s files', async (files) => {
    const cwd = workspace();
    writeTree(cwd, tree);
    fill(join(cwd, 'from/many'), { files, folders: 3 });
    const targets = { from: 'from', to: 'to' };
    const report = await copy(targets, { cwd, leave: ['to/a.txt', 'to/many/folder-1/file-1.bin'] });
    expect(report.files).toBe(files - 1 + 2);
    const { 'a.txt': left, ...copied } = contentsOf(join(cwd, 'to'));
    const {
      'a.txt': _ours,
      'many/folder-1/file-1.bin': _other,
      link,
      ...expected
    } = contentsOf(join(cwd, 'from'));
    expect(link).toBe('-> a.txt');
    expect(copied).toEqual({ ...expected, link: contentsOf(join(cwd, 'from'))['a.txt'] });
    expect(readFileSync(join(cwd, 'to/a.txt'), 'utf8')).toBe('there before');
    expect(left).toBeDefined();
  });

  test('what was copied before and is left now is pruned, unless somebody changed it', async () => {
    const cwd = workspace();
    writeTree(cwd, tree);
    const common: CopyOptions = { cwd, manifest: join(cwd, 'manifest'), prune: true };
    await copy({ from: 'from', to: 'to' }, common);
    writeTree(cwd, { 'to/sub/b.txt': "the bundle's" });
    const report = await copy({ from: 'from', to: 'to' }, { ...common, leave: ['to/a.txt', 'to/sub/b.txt'] });
    expect(report.pruned).toBe(1);
    expect(Object.keys(contentsOf(join(cwd, 'to'))).sort()).toEqual(['link', 'sub', 'sub/b.txt']);
    expect(readFileSync(join(cwd, 'to/sub/b.txt'), 'utf8')).toBe("the bundle's");
  });
});
