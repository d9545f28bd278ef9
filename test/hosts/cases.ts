import { join } from 'node:path';
import type { Options, Target } from 'unplugin-reflink';
import { directory, file, symlink, type TreeSpec } from '../support/trees.ts';

/** What the output has to have under a name. */
export type Expected =
  /** A file of the project with the same bytes, permission bits and modification time. `/` stands for a directory. */
  | string
  /** A file with these bytes that a transform has written in this build. */
  | { written: string; mode?: number }
  /** A file of an earlier output. */
  | { old: string }
  /** A symbolic link. */
  | { link: string }
  /** A file of the bundle. */
  | { bundle: true };

export interface HostCase {
  name: string;
  /** Files of the project in addition to {@link projectTree}. */
  tree?: TreeSpec;
  /** What the output contains before the build. */
  old?: TreeSpec;
  options: Options | ((root: string) => Options);
  /** The output, by path relative to it. Without the bundle, unless a file collides with the bundle. */
  expected?: Record<string, Expected>;
  /** The same for paths of the project outside the output. */
  outside?: Record<string, Expected>;
  warnings?: RegExp[];
  /** The warnings of a development server, which has no bundle, instead of `warnings`. */
  served?: RegExp[];
  /** The messages with which the build fails. */
  error?: RegExp;
}

/** The name that every adapter gives the only file of its bundle. */
export const BUNDLE = 'bundle.js';

export const projectTree: TreeSpec = {
  'package.json': '{ "type": "module" }',
  'main.js': 'console.log("bundled");\n',
  // The records of what was copied are in this directory.
  node_modules: directory(),
  'static/plain.txt': 'plain',
  'static/.dotfile': 'dot',
  'static/.well-known/deep.json': '{}',
  'static/empty': directory(),
  'static/linked.txt': symlink('plain.txt'),
  'static/linked-directory': symlink('one'),
  'static/one/two/three/deepest.bin': Buffer.from([0, 1, 2, 253, 254, 255]),
  'static/dir (86)/a.txt': 'parentheses',
  'static/[(){}[]!+@escaped]/b.txt': 'special',
  'static/ünïcödé – 漢字.txt': 'non-ASCII',
  'static/LICENSE': 'no extension',
  'static/zero': '',
  'static/run.sh': file('#!/bin/sh\n', { mode: 0o755 }),
  'static/read-only.txt': file('read-only', { mode: 0o444 }),
  'more/extra.txt': 'extra',
  'more/notes.md': 'notes',
  'assets/a.txt': 'a',
  'assets/b.md': 'b',
  'assets/sub/c.txt': 'c',
  'assets/sub/dir (86)/d.txt': 'd',
};

const names = [
  'plain.txt',
  '.dotfile',
  '.well-known/deep.json',
  'one/two/three/deepest.bin',
  'dir (86)/a.txt',
  '[(){}[]!+@escaped]/b.txt',
  'ünïcödé – 漢字.txt',
  'LICENSE',
  'zero',
  'run.sh',
  'read-only.txt',
];

function staticFiles(prefix = ''): Record<string, Expected> {
  return {
    ...Object.fromEntries(names.map((name) => [prefix + name, `static/${name}`])),
    [`${prefix}empty`]: '/',
    [`${prefix}linked.txt`]: 'static/plain.txt',
    [`${prefix}linked-directory/two/three/deepest.bin`]: 'static/one/two/three/deepest.bin',
  };
}

const withoutText = Object.fromEntries(
  Object.entries(staticFiles()).filter(([name]) => !name.endsWith('.txt') && name !== '.dotfile'),
);

const upper = (content: Buffer) => content.toString('utf8').toUpperCase();
const one = (target: Target): Options => ({ targets: [target] });

const publicCases: HostCase[] = [
  { name: 'a public directory', options: { publicDir: 'static' }, expected: staticFiles() },
  {
    name: 'a public directory that goes below the output',
    options: { publicDir: { dir: 'static', to: 'below/deeper' } },
    expected: staticFiles('below/deeper/'),
  },
  {
    name: 'a public directory with something ignored',
    options: { publicDir: { dir: 'static', ignore: ['**/*.txt', '.dotfile'] } },
    expected: { ...withoutText, 'dir (86)': '/', '[(){}[]!+@escaped]': '/' },
  },
  {
    name: 'several public directories, of which the last wins',
    tree: { 'more/plain.txt': 'more' },
    options: { publicDir: ['static', { dir: 'more', to: 'm', ignore: '*.md' }, 'more'] },
    expected: {
      ...staticFiles(),
      'm/extra.txt': 'more/extra.txt',
      'm/plain.txt': 'more/plain.txt',
      'extra.txt': 'more/extra.txt',
      'notes.md': 'more/notes.md',
      'plain.txt': 'more/plain.txt',
    },
  },
  { name: 'no public directory', options: { publicDir: false }, expected: {} },
  {
    name: 'links kept as links',
    options: { publicDir: 'static', symlinks: 'keep' },
    expected: {
      ...Object.fromEntries(names.map((name) => [name, `static/${name}`])),
      empty: '/',
      'linked.txt': { link: 'plain.txt' },
      'linked-directory': { link: 'one' },
    },
  },
];

const targetCases: HostCase[] = [
  {
    name: 'a target that is a directory',
    options: one({ from: 'assets', to: 'x/y' }),
    expected: {
      'x/y/a.txt': 'assets/a.txt',
      'x/y/b.md': 'assets/b.md',
      'x/y/sub/c.txt': 'assets/sub/c.txt',
      'x/y/sub/dir (86)/d.txt': 'assets/sub/dir (86)/d.txt',
    },
  },
  {
    name: 'a target that is a file',
    options: one({ from: 'assets/sub/c.txt' }),
    expected: { 'c.txt': 'assets/sub/c.txt' },
  },
  {
    name: 'a target that is a file with glob characters',
    options: one({ from: 'static/[(){}[]!+@escaped]/b.txt' }),
    expected: { 'b.txt': 'static/[(){}[]!+@escaped]/b.txt' },
  },
  {
    name: 'a target that is a file, under the name that `to` gives it',
    options: {
      targets: [
        { from: 'assets/a.txt', to: 'texts/first.txt' },
        { from: 'more/extra.txt', to: 'made.txt', transform: (_content, { path }) => path },
        { from: 'more/notes.md', to: 'v1.2' },
      ],
    },
    expected: {
      'texts/first.txt': 'assets/a.txt',
      'made.txt': { written: 'made.txt' },
      'v1.2/notes.md': 'more/notes.md',
    },
  },
  {
    name: 'a target that is a glob',
    options: one({ from: 'assets/**/*.txt', to: 'g', ignore: '**/dir*/**' }),
    expected: { 'g/a.txt': 'assets/a.txt', 'g/sub/c.txt': 'assets/sub/c.txt' },
  },
  {
    name: 'a target that is an array, of which negated globs leave out what they match',
    options: one({ from: ['assets/**', 'more', '!assets/sub/dir*/**', '!more/notes.md'], to: 'all' }),
    expected: {
      'all/a.txt': 'assets/a.txt',
      'all/b.md': 'assets/b.md',
      'all/sub/c.txt': 'assets/sub/c.txt',
      'all/extra.txt': 'more/extra.txt',
    },
  },
  {
    name: 'base',
    options: {
      targets: [
        { from: 'assets/sub/*.txt', base: 'assets' },
        { from: 'assets/a.txt', base: '.' },
      ],
    },
    expected: { 'sub/c.txt': 'assets/sub/c.txt', 'assets/a.txt': 'assets/a.txt' },
  },
  {
    name: '"to" as if it were relative to the project',
    options: one({ from: 'assets/a.txt', to: 'dist/models' }),
    expected: { 'dist/models/a.txt': 'assets/a.txt' },
    warnings: [/to: "dist\/models" is relative to the output directory.*write to: 'models'/],
    served: [],
  },
  {
    name: 'rename to a name',
    options: one({ from: 'assets/a.txt', rename: 'renamed.txt' }),
    expected: { 'renamed.txt': 'assets/a.txt' },
  },
  {
    name: 'rename by a function',
    options: one({ from: 'assets/*', rename: (path) => `new/${path}.bak` }),
    expected: { 'new/a.txt.bak': 'assets/a.txt', 'new/b.md.bak': 'assets/b.md' },
    warnings: [/assets\/\*" matches 1 directory \("sub"\).*assets\/\*\*"/],
  },
  {
    name: 'flatten',
    options: one({ from: 'assets', flatten: true }),
    expected: {
      'a.txt': 'assets/a.txt',
      'b.md': 'assets/b.md',
      'c.txt': 'assets/sub/c.txt',
      'd.txt': 'assets/sub/dir (86)/d.txt',
    },
  },
  {
    name: 'filter',
    options: one({ from: 'assets/**', filter: (path) => path === 'sub/c.txt' }),
    expected: { 'sub/c.txt': 'assets/sub/c.txt' },
  },
  {
    name: 'filter and rename that return promises',
    options: one({
      from: 'assets',
      filter: async (path) => path !== 'b.md',
      rename: async (path) => `later/${path}`,
    }),
    expected: {
      'later/a.txt': 'assets/a.txt',
      'later/sub/c.txt': 'assets/sub/c.txt',
      'later/sub/dir (86)/d.txt': 'assets/sub/dir (86)/d.txt',
    },
  },
  {
    name: 'directoryFilter',
    options: one({ from: 'assets', directoryFilter: (path) => path !== 'sub' }),
    expected: { 'a.txt': 'assets/a.txt', 'b.md': 'assets/b.md' },
  },
  {
    name: 'a glob that matches a directory, which it does not copy',
    options: one({ from: 'assets/*' }),
    expected: { 'a.txt': 'assets/a.txt', 'b.md': 'assets/b.md' },
    warnings: [/assets\/\*" matches 1 directory \("sub"\).*assets\/\*\*"/],
  },
  {
    name: 'a glob that matches a directory, which is ignored',
    options: one({ from: 'assets/*', ignore: 'sub' }),
    expected: { 'a.txt': 'assets/a.txt', 'b.md': 'assets/b.md' },
  },
  {
    name: 'a target that is a file, which is ignored',
    options: {
      targets: [
        { from: 'assets/a.txt', ignore: '*.txt' },
        { from: 'assets/b.md', ignore: '*.txt' },
      ],
    },
    expected: { 'b.md': 'assets/b.md' },
  },
  {
    name: 'transform',
    options: {
      targets: [
        { from: 'assets/*.{txt,md}', transform: upper },
        { from: 'static/run.sh', transform: async (_content, { path }) => Buffer.from(path) },
        { from: 'more', to: 'plain' },
      ],
    },
    expected: {
      'a.txt': { written: 'A' },
      'b.md': { written: 'B' },
      'run.sh': { written: 'run.sh', mode: 0o755 },
      'plain/extra.txt': 'more/extra.txt',
      'plain/notes.md': 'more/notes.md',
    },
  },
  {
    name: 'an absolute to',
    options: (root) => one({ from: 'assets/a.txt', to: join(root, 'elsewhere') }),
    expected: {},
    outside: { 'elsewhere/a.txt': 'assets/a.txt' },
  },
  {
    name: 'an absolute to that names the file',
    options: (root) => one({ from: 'assets/a.txt', to: join(root, 'elsewhere/first.txt') }),
    expected: {},
    outside: { 'elsewhere/first.txt': 'assets/a.txt' },
  },
  {
    name: 'links of a target kept as links',
    options: { ...one({ from: 'static/linked*' }), symlinks: 'keep' },
    expected: { 'linked.txt': { link: 'plain.txt' }, 'linked-directory': { link: 'one' } },
  },
  {
    name: 'links of one target followed, those of others kept as links',
    options: {
      targets: [
        { from: 'static/linked*', to: 'kept' },
        { from: 'static/linked.txt', to: 'followed', symlinks: 'follow' },
      ],
      symlinks: 'keep',
    },
    expected: {
      'kept/linked.txt': { link: 'plain.txt' },
      'kept/linked-directory': { link: 'one' },
      'followed/linked.txt': 'static/plain.txt',
    },
  },
];

const old = { 'a.txt': 'old' };
const overwriteCases: HostCase[] = [
  {
    name: 'overwrite: true keeps the last of several files with one new name',
    options: one({ from: 'assets/*.{txt,md}', rename: 'one.txt', overwrite: true }),
    expected: { 'one.txt': 'assets/b.md' },
  },
  {
    name: 'overwrite: false keeps the first of several files with one new name',
    options: one({ from: 'assets/*.{txt,md}', rename: 'one.txt', overwrite: false }),
    expected: { 'one.txt': 'assets/a.txt' },
  },
  {
    name: 'overwrite: true replaces',
    old,
    options: one({ from: 'assets/a.txt', overwrite: true }),
    expected: { 'a.txt': 'assets/a.txt' },
  },
  {
    name: 'overwrite: false leaves what is there',
    old,
    options: one({ from: 'assets/a.txt', overwrite: false }),
    expected: { 'a.txt': { old: 'old' } },
  },
  {
    name: "overwrite: 'changed' replaces what differs",
    old,
    options: one({ from: 'assets/a.txt', overwrite: 'changed' }),
    expected: { 'a.txt': 'assets/a.txt' },
  },
  {
    name: "overwrite: 'error' refuses",
    old,
    options: one({ from: 'assets/a.txt', overwrite: 'error' }),
    error: /assets\/a\.txt.* to .*a\.txt.*EEXIST/,
  },
];

const mistakes: HostCase[] = [
  {
    name: 'one new name for several files',
    options: one({ from: 'assets/*.{txt,md}', to: 'x', rename: 'one.txt' }),
    error: /assets\/b\.md.*x\/one\.txt.*ERR_COLLISION.*assets\/a\.txt/,
  },
  {
    name: 'flattened files with one name',
    tree: { 'assets/sub/a.txt': 'another' },
    options: one({ from: 'assets', to: 'x', flatten: true }),
    error: /assets\/sub\/a\.txt.*ERR_COLLISION.*assets\/a\.txt/,
  },
  {
    name: 'a to that leaves the output',
    options: one({ from: 'assets', to: '../out' }),
    error: /OUTSIDE_DEST/,
  },
  { name: 'a file that is missing', options: one({ from: 'assets/none.txt' }), error: /none\.txt.*ENOENT/ },
  { name: 'a glob that matches nothing', options: one({ from: 'assets/*.none' }), error: /ERR_NO_MATCH/ },
  {
    name: 'a filter that throws undefined',
    options: one({
      from: 'assets',
      filter: () => {
        throw undefined;
      },
    }),
    error: /ERR_THROWN.*threw undefined/,
  },
  { name: 'a public directory that is missing', options: { publicDir: 'none' }, error: /none.*ENOENT/ },
  {
    name: 'what is missing and may be',
    options: {
      publicDir: 'none',
      targets: [{ from: 'assets/*.none' }, { from: 'assets/a.txt' }],
      allowMissing: true,
    },
    expected: { 'a.txt': 'assets/a.txt' },
    warnings: [/nothing matches ".*none"/, /nothing matches ".*\*\.none"/],
  },
  {
    name: 'a transform that throws',
    options: one({
      from: 'assets/a.txt',
      transform: () => {
        throw new Error('on purpose');
      },
    }),
    error: /a\.txt.*ERR_TRANSFORM.*on purpose/,
  },
  {
    name: 'a base that does not contain everything',
    options: one({ from: 'assets/a.txt', base: 'static' }),
    error: /ERR_OUTSIDE_BASE/,
  },
];

const bundleWins = new RegExp(
  `${BUNDLE} is both in the public directory and in the bundle; the bundle's is kept`,
);
const targetWins = new RegExp(`${BUNDLE} is both in the targets and in the bundle; the target's is kept`);

const collisionCases: HostCase[] = [
  {
    name: 'the bundle wins over the public directory',
    tree: { [`static/${BUNDLE}`]: file('public', { mode: 0o444 }) },
    options: { publicDir: 'static' },
    expected: { ...staticFiles(), [BUNDLE]: { bundle: true } },
    warnings: [bundleWins],
  },
  {
    name: 'a target wins over the bundle and the public directory',
    tree: { [`static/${BUNDLE}`]: 'public', [`assets/${BUNDLE}`]: file('target', { mode: 0o640 }) },
    options: { publicDir: 'static', targets: [{ from: `assets/${BUNDLE}` }] },
    expected: { ...staticFiles(), [BUNDLE]: `assets/${BUNDLE}` },
    warnings: [targetWins],
    served: [new RegExp(`${BUNDLE} is both in the public directory and in the targets`)],
  },
  {
    name: 'a link that its target keeps wins over the bundle',
    tree: { [`assets/${BUNDLE}`]: symlink('a.txt') },
    options: { targets: [{ from: 'assets/a.txt' }, { from: `assets/${BUNDLE}`, symlinks: 'keep' }] },
    expected: { 'a.txt': 'assets/a.txt', [BUNDLE]: { link: 'a.txt' } },
    warnings: [targetWins],
    served: [],
  },
  {
    name: 'a target wins over the public directory',
    options: { publicDir: 'static', targets: [{ from: 'assets/a.txt', rename: 'plain.txt' }] },
    expected: { ...staticFiles(), 'plain.txt': 'assets/a.txt' },
    warnings: [/plain\.txt is both in the public directory and in the targets; the target's is kept/],
  },
  {
    name: 'a target with overwrite: false leaves what is public',
    options: {
      publicDir: 'static',
      targets: [{ from: 'assets/a.txt', rename: 'plain.txt', overwrite: false }],
    },
    expected: staticFiles(),
    warnings: [
      /plain\.txt is both in the public directory and in the targets; the public directory's is kept/,
    ],
  },
  {
    name: "a target with overwrite: 'error' refuses a name that is taken",
    options: {
      publicDir: 'static',
      targets: [{ from: 'assets/a.txt', rename: 'plain.txt', overwrite: 'error' }],
    },
    error: /assets\/a\.txt.*plain\.txt.*EEXIST/,
  },
  {
    name: 'of several targets for one public file the last wins, with one warning',
    tree: { 'more/sub/c.txt': 'more', 'static/sub/c.txt': 'public' },
    options: {
      publicDir: 'static',
      targets: [
        { from: 'assets/sub/*.txt', to: 'sub' },
        { from: 'more/sub', to: 'sub' },
      ],
    },
    expected: { ...staticFiles(), 'sub/c.txt': 'more/sub/c.txt' },
    warnings: [/sub\/c\.txt is both in the public directory and in the targets; the target's is kept/],
  },
  {
    name: 'several targets for one link are nothing to warn of',
    options: {
      targets: [{ from: 'static/linked.txt' }, { from: 'static/linked.txt' }],
      symlinks: 'keep',
    },
    expected: { 'linked.txt': { link: 'plain.txt' } },
  },
  {
    name: 'several targets for one place are nothing to warn of',
    tree: { 'more/a.txt': 'more' },
    options: { publicDir: 'static', targets: [{ from: 'assets/a.txt' }, { from: 'more/a.txt' }] },
    expected: { ...staticFiles(), 'a.txt': 'more/a.txt' },
  },
  {
    name: 'a transformed target wins over the bundle',
    options: one({
      from: 'assets/**/a.txt',
      rename: BUNDLE,
      transform: (content, { path }) => `${path} ${content}`,
    }),
    expected: { [BUNDLE]: { written: `${BUNDLE} a` } },
    warnings: [targetWins],
  },
  {
    name: 'a target with overwrite: false leaves the bundle',
    options: one({ from: 'assets/a.txt', rename: BUNDLE, overwrite: false }),
    expected: { [BUNDLE]: { bundle: true } },
    warnings: [new RegExp(`${BUNDLE} is both in the targets and in the bundle; the bundle's is kept`)],
  },
  {
    name: 'a target that is a directory of the name of a file of the bundle',
    options: one({ from: 'assets', to: BUNDLE }),
    error: new RegExp(`assets.*" to ".*${BUNDLE}": EISDIR: the bundle has a file of this name, .*"rename"`),
  },
  {
    name: 'a target that has a directory of the name of a file of the bundle',
    tree: { [`more/${BUNDLE}/inner.txt`]: 'inner' },
    options: one({ from: 'more' }),
    error: new RegExp(`more/${BUNDLE}.*" to ".*${BUNDLE}": EISDIR: the bundle has a file of this name`),
  },
  {
    name: 'a public directory that has a directory of the name of a file of the bundle',
    tree: { [`static/${BUNDLE}/inner.txt`]: 'inner' },
    options: { publicDir: 'static' },
    error: new RegExp(`static/${BUNDLE}.*" to ".*${BUNDLE}": EISDIR: the bundle has a file of this name`),
  },
  {
    name: 'a directory of a target where the bundle of an earlier build is',
    tree: { [`more/${BUNDLE}/inner.txt`]: 'inner' },
    old: { [BUNDLE]: 'old' },
    options: one({ from: 'more' }),
    error: new RegExp(`more/${BUNDLE}.*" to ".*${BUNDLE}": EISDIR: the bundle has a file of this name`),
  },
  {
    name: "a target with overwrite: 'error' refuses the bundle",
    options: one({ from: 'assets/a.txt', rename: BUNDLE, overwrite: 'error' }),
    error: /EEXIST.*the bundle has a file of this name/,
  },
  {
    name: 'a kept link with the name of the bundle is not written through',
    tree: { [`static/${BUNDLE}`]: symlink('plain.txt') },
    options: { publicDir: { dir: 'static', ignore: ['linked*', '*/**'] }, symlinks: 'keep' },
    expected: {
      ...Object.fromEntries(
        names.filter((name) => !name.includes('/')).map((name) => [name, `static/${name}`]),
      ),
      [BUNDLE]: { bundle: true },
    },
    outside: { 'static/plain.txt': { old: 'plain' } },
    warnings: [bundleWins],
  },
];

/** What has to hold with every bundler. */
export const cases: HostCase[] = [
  ...publicCases,
  ...targetCases,
  ...overwriteCases,
  ...mistakes,
  ...collisionCases,
];
