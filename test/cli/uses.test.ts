import { spawnSync } from 'node:child_process';
import { linkSync, mkdtempSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Probe } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentsOf, filesOf, workspace } from '../core/support.ts';
import { mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { writeTree } from '../support/trees.ts';
import { command, describeOnLinux, json } from './support.ts';

const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
const [, uses] = /^## Ten uses\n(.*)$/ms.exec(page)!;
/** The lines of each use, by the words that it begins with. */
const scripts = new Map(
  [...uses!.matchAll(/^\*\*(.*?)\*\*.*?^```sh\n(.*?)^```/gms)].map(([, title, script]) => [title!, script!]),
);

/** A project in `parent`, which it copies to as well. */
function project(parent: string): string {
  const root = join(parent, 'project');
  writeTree(root, {
    'node_modules/a/index.js': 'a',
    'node_modules/a/cli.js': 'cli',
    'data/db': 'rows',
    '.next/cache/one': '1',
    '.next/static/chunk.js': 'chunk',
    'public/logo.svg': 'logo',
    'public/robots.txt': 'robots',
    'dist/index.html': 'index',
    'dist/gone.html': 'gone',
    'assets/a/icon.svg': 'icon',
    'assets/b/photo.png': 'photo',
    'assets/b/photo.draft.png': 'draft',
    'assets/b/notes.md': 'notes',
    'app/main.js': 'main',
    'app/lib/util.js': 'util',
  });
  return root;
}

/** Runs a use of the page, with this build of the command in place of the published one. */
function start(title: string, cwd: string) {
  const script = scripts.get(title)!.replaceAll('npx fs-reflink', `'${process.execPath}' '${command}'`);
  return spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '' },
    timeout: 60_000,
  });
}

/** The same, which has to succeed. Returns what it printed. */
function use(title: string, cwd: string): string {
  const { status, stdout, stderr } = start(title, cwd);
  expect({ title, status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

function git(cwd: string, ...args: string[]): void {
  const given = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args];
  const { status, stderr } = spawnSync('git', given, { cwd, encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
}

type Check = (cwd: string, title: string) => void;

const checks: Record<string, Check> = {
  'Clone `node_modules` into a second worktree.'(cwd, title) {
    git(cwd, 'init', '-q');
    git(cwd, 'commit', '-q', '--allow-empty', '-m', 'first');
    symlinkSync('../a/cli.js', join(cwd, 'node_modules/bin'));
    linkSync(join(cwd, 'node_modules/a/index.js'), join(cwd, 'node_modules/a/same.js'));
    utimesSync(join(cwd, 'node_modules/a'), 1000, 1000);
    use(title, cwd);
    const copy = join(cwd, '../second/node_modules');
    expect(contentsOf(copy)).toEqual(contentsOf(join(cwd, 'node_modules')));
    expect(statSync(join(copy, 'a/same.js')).ino).toBe(statSync(join(copy, 'a/index.js')).ino);
    expect(statSync(join(copy, 'a')).mtimeMs).toBe(1_000_000);
  },
  'Keep a build cache, and restore it.'(cwd, title) {
    writeTree(join(cwd, '../cache/next'), { stale: '' });
    use(title, cwd);
    for (const place of ['../cache/next', '.next/cache']) expect(filesOf(join(cwd, place))).toEqual(['one']);
  },
  'Fill the `standalone` output of Next.js'(cwd, title) {
    use(title, cwd);
    expect(filesOf(join(cwd, '.next/standalone'))).toEqual([
      '.next/static/chunk.js',
      'public/logo.svg',
      'public/robots.txt',
    ]);
  },
  'Copy only what changed since the last time'(cwd, title) {
    expect(use(title, cwd)).toMatch(/^2 files, /);
    spawnSync('rm', ['public/robots.txt'], { cwd });
    expect(use(title, cwd)).toMatch(/1 deleted/);
    expect(filesOf(join(cwd, 'dist'))).toEqual(['gone.html', 'index.html', 'logo.svg']);
  },
  'Publish into a directory that a web server is reading.'(cwd, title) {
    writeTree(join(cwd, '../www'), { 'old.html': 'old' });
    use(title, cwd);
    expect(contentsOf(join(cwd, '../www'))).toEqual(contentsOf(join(cwd, 'dist')));
    expect(use(title, cwd)).toMatch(/^0 files, .*2 unchanged/);
  },
  'Fill the directory of a container layer.'(cwd, title) {
    git(cwd, 'init', '-q');
    git(cwd, 'add', 'app');
    use(title, cwd);
    expect(filesOf(join(cwd, 'rootfs/srv'))).toEqual([
      'app/lib/util.js',
      'app/main.js',
      'www/gone.html',
      'www/index.html',
    ]);
  },
  'Save data before an upgrade.'(cwd, title) {
    const { reflink } = json<Probe>(['probe', 'data', '.'], cwd);
    const { status, stdout, stderr } = start(title, cwd);
    if (reflink.supported) {
      expect(stdout).toMatch(/1 cloned \(ficlone\)/);
      expect(contentsOf(join(cwd, 'data.before'))).toEqual(contentsOf(join(cwd, 'data')));
      return;
    }
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('ENOTSUP') });
    expect(filesOf(join(cwd, 'data.before'))).toEqual([]);
  },
  'See what a copy would delete'(cwd, title) {
    const before = contentsOf(cwd);
    expect(use(title, cwd)).toContain("'dist/gone.html'");
    expect(contentsOf(cwd)).toEqual(before);
  },
  'Copy some types of files, without their directories.'(cwd, title) {
    use(title, cwd);
    expect(filesOf(join(cwd, 'dist/img'))).toEqual(['icon.svg', 'photo.png']);
  },
  'Tell a script whether two places can clone.'(cwd, title) {
    const found = JSON.parse(use(title, cwd)) as Probe;
    expect(found.reflink).toEqual(json<Probe>(['probe', 'node_modules', 'dist'], cwd).reflink);
  },
};

describeOnLinux('the uses on the page of the command line', () => {
  test('are all tried', () => expect(Object.keys(checks).sort()).toEqual([...scripts.keys()].sort()));

  test.each(Object.entries(checks))('%s', (title, check) => check(project(workspace()), title));
});

describeOn(['xfs'], 'the uses on the page of the command line, where files can be cloned', () => {
  let mounted: ReturnType<typeof mountFilesystem>;
  beforeAll(() => {
    mounted = mountFilesystem('xfs');
  });
  afterAll(() => mounted[Symbol.dispose]());

  describe.each(Object.entries(checks))('%s', (title, check) => {
    test('works', () => {
      const parent = mkdtempSync(join(mounted.path, 'use-'));
      check(project(parent), title);
    });
  });
});
