import { join } from 'node:path';
import { type CopyOptions, copy, type Planned, plan, type Target } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { list } from 'fs-reflink/list';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { directory, readTree, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { inProcess, leavingNothing, refusal, workspace } from './support.ts';

interface Case {
  name: string;
  files: TreeSpec;
  targets: Target | Target[];
  options?: CopyOptions;
  /** Relative path in `out` -> content; `null` is an empty directory. */
  out: Record<string, string | null>;
}

/** Names in braces, together longer than a file name can be. */
const long = `{${Array.from({ length: 80 }, (_none, number) => `package-${number}`).join()}}`;

const page = { 'public/index.html': 'index', 'public/css/a.css': 'a', 'public/css/deep/b.css': 'b' };

const cases: Case[] = [
  {
    name: 'a directory means its contents',
    files: page,
    targets: { from: 'public', to: 'out' },
    out: { 'index.html': 'index', 'css/a.css': 'a', 'css/deep/b.css': 'b' },
  },
  {
    name: 'a trailing slash changes nothing',
    files: page,
    targets: { from: 'public/css/', to: 'out/' },
    out: { 'a.css': 'a', 'deep/b.css': 'b' },
  },
  {
    name: 'a file means the file',
    files: page,
    targets: { from: 'public/css/a.css', to: 'out/x' },
    out: { 'x/a.css': 'a' },
  },
  {
    name: 'a file whose `to` has its extension gets the name that `to` ends with',
    files: { 'en.json': 'en', 'IMAGE.PNG': 'image' },
    targets: [
      { from: 'en.json', to: 'out/data/english.json' },
      { from: 'IMAGE.PNG', to: 'out/logo.png' },
    ],
    out: { 'data/english.json': 'en', 'logo.png': 'image' },
  },
  {
    name: '`to` replaces the file that it names',
    files: { 'en.json': 'en', 'out/english.json': 'old' },
    targets: { from: 'en.json', to: 'out/english.json' },
    out: { 'english.json': 'en' },
  },
  {
    name: '`to` stays a directory where it has another extension or none, ends with a slash, or is one',
    files: { 'en.json': 'en', LICENSE: 'l', 'out/there.json': directory() },
    targets: [
      ...['v1.2', 'data', 'slash.json/', 'there.json'].map((to) => ({ from: 'en.json', to: `out/${to}` })),
      { from: 'LICENSE', to: 'out/LICENSE' },
    ],
    out: {
      'v1.2/en.json': 'en',
      'data/en.json': 'en',
      'slash.json/en.json': 'en',
      'there.json/en.json': 'en',
      'LICENSE/LICENSE': 'l',
    },
  },
  {
    name: '`to` stays a directory for a directory, a glob, `rename` and `base`',
    files: { 'all.json/en.json': 'en', 'lang/de.json': 'de' },
    targets: [
      { from: 'all.json', to: 'out/directory.json' },
      { from: '{lang,none}/*.json', to: 'out/glob.json' },
      { from: 'lang/de.json', to: 'out/rename.json', rename: 'german.json' },
      { from: 'lang/de.json', to: 'out/base.json', base: '.' },
    ],
    out: {
      'directory.json/en.json': 'en',
      'glob.json/lang/de.json': 'de',
      'rename.json/german.json': 'de',
      'base.json/lang/de.json': 'de',
    },
  },
  {
    name: 'a glob means what matches below its base',
    files: { ...page, 'public/css/no.txt': 'no' },
    targets: { from: 'public/**/*.css', to: 'out' },
    out: { 'css/a.css': 'a', 'css/deep/b.css': 'b' },
  },
  {
    name: 'a glob in braces matches both',
    files: { 'a/1.txt': '1', 'b/2.txt': '2', 'c/3.txt': '3' },
    targets: { from: '{a,b}/*.txt', to: 'out' },
    out: { 'a/1.txt': '1', 'b/2.txt': '2' },
  },
  {
    name: 'directories in braces lead to files that are named',
    files: { 'in/a/c.txt': '1', 'in/b/c.txt': '2' },
    targets: { from: 'in/{a,b}/c.txt', to: 'out' },
    out: { 'a/c.txt': '1', 'b/c.txt': '2' },
  },
  {
    name: 'braces may hold directories',
    files: { 'a/1.txt': '1', 'b/c/2.txt': '2', 'c/3.txt': '3' },
    targets: { from: '{a,b/c}/*.txt', to: 'out' },
    out: { 'a/1.txt': '1', 'b/c/2.txt': '2' },
  },
  {
    name: 'a directory with glob characters that exists is literal below a glob too',
    files: { '[id] (1)/x/a.txt': 'a', '[id] (1)/x/b.js': 'b', 'i/x/c.txt': 'c' },
    targets: { from: '[id] (1)/**/*.txt', to: 'out' },
    out: { 'x/a.txt': 'a' },
  },
  {
    name: 'an escaped path is a path',
    files: { '[id]/a.txt': 'a', 'i/a.txt': 'no' },
    targets: { from: '\\[id\\]/a.txt', to: 'out' },
    out: { 'a.txt': 'a' },
  },
  {
    name: 'an array of globs, of which negated ones leave out what they match',
    files: { 'assets/a.js': 'a', 'assets/a.js.map': 'm', 'assets/deep/b.js.map': 'm', 'fonts/f.woff': 'f' },
    targets: { from: ['assets/**', 'fonts/*', '!assets/**/*.map'], to: 'out' },
    out: { 'a.js': 'a', 'f.woff': 'f' },
  },
  {
    name: 'negated paths of an array leave out a file, and a directory with all in it',
    files: {
      'in/a': 'a',
      'in/[id].html': 'id',
      'in/i.html': 'i',
      'in/vendor/b': 'b',
      'in/.hidden/c': 'c',
      'in/empty': directory(),
    },
    targets: { from: ['!in/vendor', 'in', '!in/[id].html', '!**/.hidden/**'], to: 'out' },
    out: { a: 'a', 'i.html': 'i', empty: null },
  },
  {
    name: 'an array of files and directories, which keep their names',
    files: { 'a.json': 'a', 'b.json': 'b', 'in/deep/c.txt': 'c', '!d': 'd' },
    targets: { from: ['a.json', 'in', './!d', '!b.json'], to: 'out/x.json' },
    out: { 'x.json/a.json': 'a', 'x.json/deep/c.txt': 'c', 'x.json/!d': 'd' },
  },
  {
    name: 'a file that several of an array match is copied once, as the first of them says',
    files: { 'in/a.png': 'a', 'in/img/b.png': 'b', 'in/img/deep/c.png': 'c' },
    targets: { from: ['in/**', 'in/img/**/*.png', '{in,none}/*.png'], to: 'out' },
    out: { 'a.png': 'a', 'img/b.png': 'b', 'img/deep/c.png': 'c' },
  },
  {
    name: 'braces and negated groups may stand anywhere in a glob',
    files: { 'a/1.txt': '1', 'b/c/2.txt': '2', 'x/3.txt': '3', 'y/4.txt': '4' },
    targets: [
      { from: '{a,b}/**', to: 'out/braces' },
      { from: '!(a|b|out)/*.txt', to: 'out/group' },
      { from: ['!(x|out)/**', '!!(a)/*'], to: 'out/both' },
    ],
    out: {
      'braces/a/1.txt': '1',
      'braces/b/c/2.txt': '2',
      'group/x/3.txt': '3',
      'group/y/4.txt': '4',
      'both/a/1.txt': '1',
      'both/b/c/2.txt': '2',
    },
  },
  {
    name: 'a list in braces may be longer than a name can be',
    files: { 'in/package-7/a.js': 'a', 'in/package-8.js': 'b', 'in/other/c.js': 'c', 'in/d.js': 'd' },
    targets: [
      { from: `in/${long}/*.js`, to: 'out/middle' },
      { from: `in/${long}.js`, to: 'out/end' },
      { from: ['in', `!in/${long}/**`, `!in/${long}.js`], to: 'out/not' },
      { from: 'in', to: 'out/ignored', ignore: [`${long}/**`, `${long}.js`] },
    ],
    out: {
      'middle/package-7/a.js': 'a',
      'end/package-8.js': 'b',
      'not/other/c.js': 'c',
      'not/d.js': 'd',
      'ignored/other/c.js': 'c',
      'ignored/d.js': 'd',
    },
  },
  {
    name: 'a negated extension glob matches the others',
    files: { 'd/a.js': 'a', 'd/b.map': 'b' },
    targets: { from: 'd/*.!(map)', to: 'out' },
    out: { 'a.js': 'a' },
  },
  {
    name: 'a directory with parentheses is taken literally',
    files: { 'dir (86)/a.txt': 'a' },
    targets: { from: 'dir (86)', to: 'out' },
    out: { 'a.txt': 'a' },
  },
  {
    name: 'a directory full of glob characters is taken literally',
    files: { '[(){}[]!+@escaped-test^$]/deep/a.txt': 'a' },
    targets: { from: '[(){}[]!+@escaped-test^$]', to: 'out' },
    out: { 'deep/a.txt': 'a' },
  },
  {
    name: 'a file with glob characters is taken literally',
    files: { 'pages/[id].html': 'id', 'pages/i.html': 'i' },
    targets: { from: 'pages/[id].html', to: 'out' },
    out: { '[id].html': 'id' },
  },
  {
    name: 'an escaped glob below a directory with glob characters matches there',
    files: { '[id]/a.txt': 'a', 'i/b.txt': 'b' },
    targets: { from: '\\[id\\]/*.txt', to: 'out' },
    out: { 'a.txt': 'a' },
  },
  {
    name: 'ignore leaves out what matches, relative to the directory',
    files: { ...page, 'public/.cache/x': 'x' },
    targets: { from: 'public', to: 'out', ignore: ['css/deep/**', '.cache'] },
    out: { 'index.html': 'index', 'css/a.css': 'a' },
  },
  {
    name: 'ignore matches dotfiles too, anywhere with a leading **',
    files: { 'public/.DS_Store': 'x', 'public/css/.DS_Store': 'x', 'public/.well-known/a': 'a' },
    targets: { from: 'public', to: 'out', ignore: '**/.DS_Store' },
    out: { '.well-known/a': 'a', css: null },
  },
  {
    name: 'ignore works on a glob, relative to its base',
    files: page,
    targets: { from: 'public/**', to: 'out', ignore: ['css/a.css'] },
    out: { 'index.html': 'index', 'css/deep/b.css': 'b' },
  },
  {
    name: 'rename by a string is the new file name',
    files: { 'a/config.prod.json': 'c' },
    targets: { from: 'a/config.prod.json', to: 'out', rename: 'config.json' },
    out: { 'config.json': 'c' },
  },
  {
    name: 'rename by a function gets path and source, and may add directories',
    files: page,
    targets: {
      from: 'public',
      to: 'out',
      rename: (path, source) => `v1/${path.replaceAll('/', '-')}.${source.split('/').at(-1)?.length}`,
    },
    out: { 'v1/index.html.10': 'index', 'v1/css-a.css.5': 'a', 'v1/css-deep-b.css.5': 'b' },
  },
  {
    name: 'flatten drops the directories',
    files: page,
    targets: { from: 'public', to: 'out', flatten: true },
    out: { 'index.html': 'index', 'a.css': 'a', 'b.css': 'b' },
  },
  {
    name: 'flatten comes before rename',
    files: page,
    targets: { from: 'public/**/*.css', to: 'out', flatten: true, rename: (path) => `styles/${path}` },
    out: { 'styles/a.css': 'a', 'styles/b.css': 'b' },
  },
  {
    name: 'filter gets path and source, and leaves out what it says no to',
    files: page,
    targets: {
      from: 'public',
      to: 'out',
      filter: (path, source) => path !== 'css/a.css' && source.endsWith(path),
    },
    out: { 'index.html': 'index', 'css/deep/b.css': 'b' },
  },
  {
    name: 'of two targets with a file for one place the last wins',
    files: { 'a/x.txt': 'a', 'a/only-a': '1', 'b/x.txt': 'b', 'b/only-b': '2' },
    targets: [
      { from: 'a', to: 'out' },
      { from: 'b', to: 'out' },
    ],
    out: { 'x.txt': 'b', 'only-a': '1', 'only-b': '2' },
  },
  {
    name: 'of three files renamed to one the last wins',
    files: { 'a/1': '1', 'b/2': '2', 'c/3': '3' },
    targets: ['a/1', 'c/3', 'b/2'].map((from) => ({ from, to: 'out', rename: 'same' })),
    out: { same: '2' },
  },
  {
    name: 'targets may share a directory by different roots',
    files: { 'a/x': 'a', 'b/x': 'b' },
    targets: [
      { from: 'a', to: 'out/deep' },
      { from: 'b', to: 'out', rename: 'deep/x' },
    ],
    out: { 'deep/x': 'b' },
  },
  {
    name: 'empty directories are kept',
    files: { 'public/empty/inner': directory(), 'public/a': 'a' },
    targets: { from: 'public', to: 'out' },
    out: { 'empty/inner': null, a: 'a' },
  },
  {
    name: 'an empty directory is a match',
    files: { empty: directory() },
    targets: { from: 'empty', to: 'out' },
    out: {},
  },
  {
    name: 'dotfiles are copied, by directory and by glob',
    files: { 'public/.htaccess': 'h', 'public/.well-known/security.txt': 's' },
    targets: [
      { from: 'public', to: 'out/directory' },
      { from: 'public/**', to: 'out/glob' },
    ],
    out: {
      'directory/.htaccess': 'h',
      'directory/.well-known/security.txt': 's',
      'glob/.htaccess': 'h',
      'glob/.well-known/security.txt': 's',
    },
  },
  {
    name: 'names in any script, with spaces and punctuation, come over as they are',
    files: {
      'in/Grüße/日本語.txt': '1',
      'in/emoji 🎉/a b.txt': '2',
      'in/new\nline': '3',
      'in/quote"\'`$&;': '4',
      'in/back\\slash': '5',
      'in/e\u0301 decomposed': '6',
      'in/ leading and trailing ': '7',
      'in/-rf': '8',
    },
    targets: { from: 'in', to: 'out' },
    out: {
      'Grüße/日本語.txt': '1',
      'emoji 🎉/a b.txt': '2',
      'new\nline': '3',
      'quote"\'`$&;': '4',
      'back\\slash': '5',
      'e\u0301 decomposed': '6',
      ' leading and trailing ': '7',
      '-rf': '8',
    },
  },
  {
    name: 'line breaks in names are matched like all else',
    files: {
      'in/new\nline/a\rb': '1',
      'in/new\nline/sub/c': '2',
      'in/new\nline/deep/not\nthis': '3',
      'in/link\nd': symlink('new\nline/sub'),
      'in/\u2028': '4',
    },
    targets: [
      { from: 'in', to: 'out/directory', ignore: '**/not\nthis' },
      { from: 'in/**', to: 'out/glob', ignore: '**/deep' },
    ],
    out: {
      'directory/new\nline/a\rb': '1',
      'directory/new\nline/sub/c': '2',
      'directory/new\nline/deep': null,
      'directory/link\nd/c': '2',
      'directory/\u2028': '4',
      'glob/new\nline/a\rb': '1',
      'glob/new\nline/sub/c': '2',
      'glob/link\nd/c': '2',
      'glob/\u2028': '4',
    },
  },
  {
    name: 'a linked directory is walked like any other',
    files: { 'real/a': 'a', 'public/link': symlink('../real'), 'public/file': symlink('../real/a') },
    targets: { from: 'public', to: 'out' },
    out: { 'link/a': 'a', file: 'a' },
  },
  {
    name: 'a source named through a link is entered',
    files: { 'real/a': 'a', link: symlink('real') },
    targets: { from: 'link', to: 'out' },
    out: { a: 'a' },
  },
];

/** The part of a tree that the cases compare: files, and empty directories. */
function copied(root: string): Record<string, string | null> {
  const tree = readTree(root);
  const isEmpty = (path: string) => !Object.keys(tree).some((other) => other.startsWith(`${path}/`));
  const shown = Object.entries(tree).filter(([path, { type }]) => type !== 'directory' || isEmpty(path));
  return Object.fromEntries(shown.map(([path, entry]) => [path, entry.sha256 ?? null]));
}

function expected(spec: Case['out']): Record<string, string | null> {
  const files = Object.entries(spec).map(([path, content]) => [path, content ?? directory()] as const);
  return copied(writeTree(join(workspace(), 'expected'), Object.fromEntries(files)));
}

describe.each(['on the calling thread', 'in worker threads'])('targets, %s', (where) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (where === 'in worker threads') workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());

  it.each(cases)('$name', async ({ files, targets, options, out }) => {
    const cwd = writeTree(workspace(), files);
    const report = await leavingNothing(cwd, () => copy(targets, { cwd, ...options }));
    expect(copied(join(cwd, 'out'))).toEqual(expected(out));
    expect(report.files).toBe(Object.values(out).filter((content) => content !== null).length);
  });
});

describe('a directory whose name looks like that of a file', () => {
  it.each<[target: Target, isWarned: boolean]>([
    [{ from: 'a.txt', to: 'out/index.html' }, true],
    [{ from: 'LICENSE', to: 'out/license.txt' }, true],
    [{ from: 'a.txt', to: 'out/index.html/' }, false],
    [{ from: 'a.txt', to: 'out', rename: 'index.html' }, false],
    [{ from: 'a.txt', to: 'out/b.txt' }, false],
    [{ from: 'a.txt', to: 'out/v1.2' }, false],
    [{ from: ['a.txt'], to: 'out/all.html' }, false],
    [{ from: '*.txt', to: 'out/all.html' }, false],
    [{ from: 'in', to: 'out/app.asar' }, false],
  ])('%j: warned of: %s', async (target, isWarned) => {
    const cwd = writeTree(workspace(), { 'a.txt': 'a', LICENSE: 'l', 'in/x': 'x' });
    // In the second run the destination exists, as a directory.
    for (const _run of [1, 2]) {
      const { warnings } = await copy(target, { cwd });
      const message = /^to: ".*" is a directory, because .* does not end with "\.\w+"; .*rename: '.*'.*"\/"$/;
      expect(warnings).toEqual(isWarned ? [expect.stringMatching(message)] : []);
    }
  });
});

describe('an absolute path in ignore', () => {
  it.each<[ignore: string, from: string | string[], isWarned: boolean]>([
    ['elsewhere/x.txt', 'in', true],
    ['elsewhere/**/*.map', 'in', true],
    ['in/x.txt', 'in', false],
    ['in/none.txt', 'in', false],
    ['in/**/*.map', 'in', false],
    ['**/*.map', 'in', false],
    ['in', 'in/deep', false],
    ['in/deep/*.map', ['a.txt', 'in/**/*.txt'], false],
    ['elsewhere', ['a.txt', 'in/**/*.txt'], true],
    ['in2', 'in', true],
    ['a.txt', 'a.txt', false],
  ])('%j, of what is copied from %j, is warned of: %s', async (name, from, isWarned) => {
    const cwd = writeTree(workspace(), {
      'a.txt': 'a',
      'in/x.txt': 'x',
      'in/y.txt': 'y',
      'in/deep/z.txt': 'z',
    });
    const ignore = join(cwd, name);
    const { warnings } = await copy(
      { from, to: 'out', ignore: ['*.none', ignore] },
      { cwd, allowMissing: true },
    );
    const message = `ignore: ${JSON.stringify(ignore)} ignores nothing, because no target has files there`;
    expect(warnings.filter((each) => each.startsWith('ignore: '))).toEqual(
      isWarned ? [expect.stringContaining(message)] : [],
    );
    const both = [
      { from, to: 'out', ignore },
      { from: '*.none', to: 'all' },
    ];
    expect(
      (await plan(both, { cwd, allowMissing: true })).warnings.filter((each) => each.includes(ignore)),
    ).toEqual([]);
  });
});

describe('a pattern in ignore that is written from the current directory', () => {
  const warned: [ignore: string, from: Target['from'], directory: string, remedy: string][] = [
    ['in/x.txt', 'in', 'in', 'x.txt'],
    ['in/deep/**', 'in', 'in', 'deep/**'],
    ['in/*.map', 'in', 'in', '*.map'],
    ['in/**/*.map', 'in', 'in', '**/*.map'],
    ['in/[[]x.txt', 'in', 'in', '[[]x.txt'],
    ['in/\\(a).txt', 'in', 'in', '\\(a).txt'],
    ['in/deep/z.txt', 'in/deep', 'in/deep', 'z.txt'],
    ['deep/*.txt', 'in/deep', 'in/deep', '*.txt'],
    ['in/deep/**', 'in/**/*.txt', 'in', 'deep/**'],
    ['in/x.txt', ['same', 'in'], 'in', 'x.txt'],
    ['a/b/a/x.txt', 'a/b/a', 'a/b/a', 'x.txt'],
  ];
  const right: [ignore: string, from: Target['from']][] = [
    ['same/x.txt', 'same'],
    ['deep/in/x.txt', 'in'],
    ['in', 'in'],
    ['in/', 'in'],
    ['x.txt', 'in'],
    ['**/in/*.txt', 'in'],
    ['./in/x.txt', 'in'],
    // They may be in a list for several sources.
    ['in/**', 'in'],
    ['in/**/*', 'in'],
    ['in/*', 'in'],
    ['in/none.txt', 'in'],
    ['in/none/**', 'in'],
    ['in/*.map', ['in', 'other']],
    ['in/*.map', 'in/x.txt'],
    ['in/x.txt', 'in/x.txt'],
  ];
  const files = {
    'in/x.txt': 'x',
    'in/(a).txt': 'a',
    'in/deep/z.txt': 'z',
    'same/same/x.txt': 'x',
    'other/in/x.map': 'x',
    'a/b/a/x.txt': 'x',
  };

  it.each(warned)(
    '%j, of what is copied from %j: the warning names %j and says to write %j',
    async (...row) => {
      const [ignore, from, directory, remedy] = row;
      const cwd = writeTree(workspace(), files);
      const { warnings } = await copy(
        { from, to: 'out', ignore: ['*.none', ignore, `${ignore}/**`] },
        { cwd },
      );
      expect(warnings).toEqual([
        `ignore: ${JSON.stringify(ignore)} ignores nothing, because it is relative to ${JSON.stringify(join(cwd, directory))}; write ${JSON.stringify(remedy)}`,
      ]);
    },
  );

  it.each(right)('%j, of what is copied from %j: no warning', async (ignore, from) => {
    const cwd = writeTree(workspace(), files);
    const { warnings } = await copy({ from, to: 'out', ignore }, { cwd });
    expect(warnings).toEqual([]);
  });

  it('is not warned of in a list that other targets have too, if it is right for one of them', async () => {
    const cwd = writeTree(workspace(), files);
    const targets = ['in', 'other'].map((from) => ({ from, to: `out/${from}`, ignore: ['in/*.map'] }));
    expect((await plan(targets, { cwd })).warnings).toEqual([]);
  });

  it('is not warned of if there is no source', async () => {
    const cwd = writeTree(join(workspace(), 'in'), files);
    for (const from of ['none', 'none/*.txt']) {
      const target = { from, to: 'out', ignore: ['in/*.txt'] };
      const { warnings } = await copy(target, { cwd, allowMissing: true });
      expect(warnings).toEqual([expect.stringContaining('nothing matches')]);
    }
  });
});

it.each<[name: string, absolute: boolean]>([
  ['relative', false],
  ['absolute', true],
])(
  '%s paths in ignore change nothing about the error of a source that cannot be read',
  async (_kind, absolute) => {
    const cwd = writeTree(workspace(), { 'in/x.txt': 'x', loop: symlink('loop') });
    const ignore = ['loop/in/x', 'in/x'].map((each) => (absolute ? join(cwd, each) : each));
    const targets = ['loop/in', 'in'].map((from) => ({ from, to: 'out', ignore }));
    const { files, errors } = await copy(targets, { cwd, onError: 'collect' });
    expect([files, errors]).toEqual([
      1,
      [expect.objectContaining({ code: 'ELOOP', source: join(cwd, 'loop/in') })],
    ]);
  },
);

describe('where targets are looked for', () => {
  it('a glob is not disturbed by glob characters in cwd', async () => {
    const cwd = writeTree(join(workspace(), '[app] (1) {x,y}!'), { 'public/a.txt': 'a', 'public/b.js': 'b' });
    await copy({ from: 'public/*.txt', to: 'out' }, { cwd });
    expect(Object.keys(copied(join(cwd, 'out')))).toEqual(['a.txt']);
  });

  it('a negated glob is not disturbed by glob characters in cwd', async () => {
    const cwd = writeTree(join(workspace(), '[app] (1) {x,y}!'), { 'in/a.txt': 'a', 'in/b.js': 'b' });
    for (const negated of ['!in/*.js', `!${join(cwd, 'in/*.js')}`, `!${join(cwd, 'in/b.js')}`]) {
      const { files } = await list({ from: [join(cwd, 'in'), negated], to: 'out' }, { cwd });
      expect(files.map(({ source }) => source)).toEqual([join(cwd, 'in/a.txt')]);
    }
  });

  it.each([
    ['a range of more than 1,000 numbers', '{1..2000}.txt'],
    ['braces of more than 10,000 characters', `{${'name,'.repeat(2001)}end}`],
  ])('%s is refused, and the error says what to write', async (_what, glob) => {
    const cwd = writeTree(workspace(), { 'in/5.txt': '5' });
    for (const target of [
      { from: `in/${glob}` },
      { from: 'in', ignore: glob },
      { from: ['in', `!in/${glob}`] },
    ]) {
      const error = await refusal(() => copy({ to: 'out', ...target }, { cwd }));
      expect(error).toMatchObject({ code: 'EINVAL', destination: join(cwd, 'out') });
      expect(error.message).toContain('write a wildcard, or an array of globs');
    }
  });

  it('each path and glob of an array has to be there', async () => {
    const cwd = writeTree(workspace(), { 'in/a.txt': 'a' });
    for (const [missing, code] of [
      ['none', 'ENOENT'],
      ['in/*.js', 'ERR_NO_MATCH'],
    ] as const) {
      const target = { from: ['in/*.txt', missing], to: 'out' };
      const error = await refusal(() => copy(target, { cwd }));
      expect(error).toMatchObject({ code, source: join(cwd, missing) });
      const { files, warnings } = await copy(target, { cwd, allowMissing: true });
      expect({ files, warnings }).toEqual({ files: 1, warnings: [expect.stringContaining(`"${missing}"`)] });
    }
  });

  it('an array is one target: its files collide, and are listed, as those of one', async () => {
    const cwd = writeTree(workspace(), { 'a/x.txt': 'a', 'b/x.txt': 'b', 'c/y.txt': 'c' });
    const target = { from: ['a', 'b/*'], to: 'out' };
    expect(await refusal(() => copy(target, { cwd }))).toMatchObject({ code: 'ERR_COLLISION' });
    const { files } = await list(
      [
        { from: 'c', to: 'out' },
        { ...target, overwrite: true },
      ],
      { cwd },
    );
    expect(files.map(({ source, target: number }) => [source, number])).toEqual([
      [join(cwd, 'c/y.txt'), 0],
      [join(cwd, 'b/x.txt'), 1],
    ]);
  });

  it('an array recognizes what an earlier run copied', async () => {
    const cwd = writeTree(workspace(), { 'a/deep/x.txt': 'a', 'a/y.map': 'y', 'b/z.txt': 'b' });
    await pastTick();
    const target = { from: ['a', 'b/**', '!a/*.map'], to: 'out' };
    const options = { cwd, manifest: 'manifest', prune: 'everything' } as const;
    expect(await copy(target, options)).toMatchObject({ files: 2 });
    const planned: number[] = [];
    const onPlanned = ({ files }: Planned) => void planned.push(files);
    expect(await copy(target, { ...options, onPlanned })).toMatchObject({
      files: 0,
      unchanged: 2,
      pruned: 0,
    });
    expect(planned).toEqual([0]);
  });

  it('ignore is not disturbed by glob characters in the directory', async () => {
    const cwd = writeTree(workspace(), { '[a] (1)/x.txt': 'x', '[a] (1)/y.map': 'y' });
    await copy({ from: '[a] (1)', to: 'out', ignore: '*.map' }, { cwd });
    expect(Object.keys(copied(join(cwd, 'out')))).toEqual(['x.txt']);
  });

  it('to is cwd when it is left out or empty, and may be absolute', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const elsewhere = workspace();
    await copy([{ from: 'in/a' }, { from: 'in', to: elsewhere }], { cwd });
    expect(Object.keys(copied(cwd))).toEqual(['a', 'in/a']);
    await copy({ from: 'in/a', to: '', rename: 'b' }, { cwd });
    expect(Object.keys(copied(cwd))).toEqual(['a', 'b', 'in/a']);
    expect(Object.keys(copied(elsewhere))).toEqual(['a']);
  });

  it.each<[how: string, target: Target, loads: boolean]>([
    ['a directory', { from: 'in' }, false],
    ['an array of paths', { from: ['in', 'in/a'] }, false],
    ['a file renamed by to', { from: 'in/a.txt', to: 'b.txt' }, false],
    ['ignore', { from: 'in', ignore: '*.map' }, true],
    ['a glob', { from: 'in/*' }, true],
  ])('of $0, what matches patterns is loaded: $2', (_how, target, loads) => {
    const cwd = writeTree(workspace(), { 'in/a.txt': 'a', 'in/a': 'a' });
    const body = `
      const { createRequire } = await import('node:module');
      const { files } = await lib.copy({ to: 'out', ...argument.target, overwrite: true }, { cwd: argument.cwd });
      const loaded = Object.keys(createRequire('/').cache);
      return { files, matches: loaded.some((each) => each.includes('micromatch')) };
    `;
    const { value } = inProcess(body, { cwd, target });
    expect(value).toEqual({ files: expect.any(Number), matches: loads });
  });

  it('process.cwd() is the default', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const report = await copy({ from: join(cwd, 'in/a'), to: join(cwd, 'out') });
    expect(report.files).toBe(1);
  });
});
