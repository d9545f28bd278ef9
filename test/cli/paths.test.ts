import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contentsOf, filesOf, workspace } from '../core/support.ts';
import { writeTree } from '../support/trees.ts';
import { describeOnLinux, output, run } from './support.ts';

function prepared(): string {
  const cwd = workspace();
  writeTree(join(cwd, 'site'), {
    'index.html': 'index',
    'app.js': 'app',
    'app.js.map': 'map',
    'img/logo.svg': 'logo',
    'img/deep/app.js.map': 'deep map',
    'docs/readme': 'readme',
    'img/docs/readme': 'deep readme',
  });
  writeTree(join(cwd, 'more'), { 'app.js': 'newer', 'extra.txt': 'extra' });
  return cwd;
}

const from = (cwd: string, ...args: string[]): string[] => {
  output(['cp', ...args], cwd);
  return filesOf(join(cwd, 'to'));
};

describeOnLinux('what paths mean', () => {
  it('copies the contents of a directory', () => {
    const cwd = prepared();
    output(['cp', 'site', 'to'], cwd);
    expect(contentsOf(join(cwd, 'to'))).toEqual(contentsOf(join(cwd, 'site')));
    output(['cp', 'site', 'to'], cwd);
    expect(contentsOf(join(cwd, 'to'))).toEqual(contentsOf(join(cwd, 'site')));
  });

  it('copies a file to the name given', () => {
    const cwd = prepared();
    expect(from(cwd, 'site/app.js', 'to/new/name.js')).toEqual(['new/name.js']);
    writeFileSync(join(cwd, 'to/old'), 'old');
    output(['cp', 'site/app.js', 'to/old'], cwd);
    expect(readFileSync(join(cwd, 'to/old'), 'utf8')).toBe('app');
  });

  const long = 'a'.repeat(300);
  it.each([
    ['below a file', 'site/app.js/x', '', 'ENOENT'],
    ['with a name that is too long', long, long, 'ENAMETOOLONG'],
    ['below a link that leads to itself', 'circle/x', 'x', 'ELOOP'],
  ])('refuses a source %s, with both paths and the code', (_name, source, as, code) => {
    const cwd = prepared();
    symlinkSync('circle', join(cwd, 'circle'));
    for (const dryRun of [[], ['-n']]) {
      const { status, stdout, stderr } = run(['cp', ...dryRun, source, 'to/'], { cwd });
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(`Cannot copy "${join(cwd, source)}" to "${join(cwd, 'to', as)}": ${code}: `);
    }
    const { error } = JSON.parse(run(['cp', '--json', source, 'to/'], { cwd }).stdout);
    expect(error).toMatchObject({ code, source: join(cwd, source) });
  });

  it('copies a file into a directory that exists, or is given with a slash', () => {
    const cwd = prepared();
    expect(from(cwd, 'site/app.js', 'to/')).toEqual(['app.js']);
    expect(from(cwd, 'site/index.html', 'to')).toEqual(['app.js', 'index.html']);
  });

  it('copies into a directory whose name ends as the files do', () => {
    const cwd = prepared();
    expect(from(cwd, 'site/app.js', 'to/lib.js/')).toEqual(['lib.js/app.js']);
    expect(from(cwd, 'site/app.js', 'site/index.html', 'to/both.js')).toEqual([
      'both.js/app.js',
      'both.js/index.html',
      'lib.js/app.js',
    ]);
  });

  it('copies several sources into one directory, later ones over earlier ones', () => {
    const cwd = prepared();
    expect(from(cwd, 'site/app.js', 'more', 'site/img', 'to')).toEqual([
      'app.js',
      'deep/app.js.map',
      'docs/readme',
      'extra.txt',
      'logo.svg',
    ]);
    expect(readFileSync(join(cwd, 'to/app.js'), 'utf8')).toBe('newer');
  });

  it('matches globs below their base', () => {
    const cwd = prepared();
    expect(from(cwd, 'site/**/*.map', 'to')).toEqual(['app.js.map', 'img/deep/app.js.map']);
    expect(from(cwd, '--flatten', 'site/**/*.svg', 'to')).toEqual([
      'app.js.map',
      'img/deep/app.js.map',
      'logo.svg',
    ]);
  });

  it('takes what follows -- for paths', () => {
    const cwd = workspace();
    writeFileSync(join(cwd, '--reflink'), 'odd');
    output(['cp', '--', '--reflink', 'to'], cwd);
    expect(readFileSync(join(cwd, 'to'), 'utf8')).toBe('odd');
  });

  it('resolves all of them from --directory', () => {
    const cwd = prepared();
    output(['cp', '-C', cwd, 'more', 'to', '--manifest', 'm.json']);
    expect(filesOf(join(cwd, 'to'))).toEqual(['app.js', 'extra.txt']);
    expect(filesOf(cwd)).toContain('m.json');
  });

  it('excludes as rsync does', () => {
    const cwd = prepared();
    const excluded = (...patterns: string[]) => {
      output(['cp', '--delete', ...patterns.map((each) => `--exclude=${each}`), 'site', 'to'], cwd);
      return filesOf(join(cwd, 'site')).filter((file) => !filesOf(join(cwd, 'to')).includes(file));
    };
    expect(excluded('*.map')).toEqual(['app.js.map', 'img/deep/app.js.map']);
    expect(excluded('docs')).toEqual(['docs/readme', 'img/docs/readme']);
    expect(excluded('/docs/')).toEqual(['docs/readme']);
    expect(excluded('img/docs')).toEqual(['img/docs/readme']);
    // An empty pattern, as from a variable that is not set, excludes nothing.
    for (const empty of ['', '/', '//']) expect(excluded(empty)).toEqual([]);
    expect(excluded('', 'docs')).toEqual(['docs/readme', 'img/docs/readme']);
    expect(excluded('**/deep', 'index.*')).toEqual(['img/deep/app.js.map', 'index.html']);
  });

  it('excludes a file that is named itself', () => {
    const cwd = prepared();
    expect(output(['cp', '--exclude=*.map', 'site/app.js.map', 'to'], cwd)).toMatch(/^0 files/);
    expect(contentsOf(cwd)).toEqual(contentsOf(prepared()));
  });

  it('warns of directories that a glob leaves out, unless they are excluded', () => {
    const cwd = prepared();
    const { status, stderr } = run(['cp', 'site/*', 'to'], { cwd });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^fs-reflink: warning: "site\/\*" matches 2 directories \("docs", "img"\).*\n$/);
    expect(filesOf(join(cwd, 'to'))).toEqual(['app.js', 'app.js.map', 'index.html']);
    expect(run(['cp', '--exclude=docs', '--exclude=img', 'site/*', 'to'], { cwd }).stderr).toBe('');
  });

  it('follows links, or keeps them', () => {
    const cwd = prepared();
    symlinkSync('app.js', join(cwd, 'site/link'));
    expect(output(['cp', 'site/link', 'followed'], cwd)).toContain('1 file,');
    expect(contentsOf(cwd).followed).toBe(contentsOf(cwd)['site/app.js']);
    expect(output(['cp', '-P', 'site/link', 'kept'], cwd)).toContain('1 link');
    expect(contentsOf(cwd).kept).toBe('-> app.js');
    expect(output(['cp', '-a', '-L', 'site/link', 'both'], cwd)).toContain('1 file,');
    expect(output(['cp', '-a', 'site/link', 'archived'], cwd)).toContain('1 link');
  });

  it.each(['-P', '-a'])('refuses with %s to replace what a link leads to by that link', (flag) => {
    const cwd = prepared();
    symlinkSync('app.js', join(cwd, 'site/link'));
    mkdirSync(join(cwd, 'links'));
    symlinkSync('../site/app.js', join(cwd, 'links/app.js'));
    const before = contentsOf(cwd);
    for (const [from, to] of [
      ['site/link', 'site/app.js'],
      ['links', 'site'],
    ] as const) {
      const { status, stderr } = run(['cp', flag, from, to], { cwd });
      expect(status).toBe(1);
      expect(stderr).toContain(`to "${join(cwd, 'site/app.js')}": ERR_SAME_FILE: `);
    }
    expect(contentsOf(cwd)).toEqual(before);
  });
});

describeOnLinux('flags of cp(1)', () => {
  it('-u replaces what is older than its source, and copies what is missing', () => {
    const cwd = workspace();
    mkdirSync(join(cwd, 'from'));
    mkdirSync(join(cwd, 'to'));
    for (const [name, text, seconds] of [
      ['from/older', 'new', 1000],
      ['from/newer', 'new', 1000],
      ['from/missing', 'new', 1000],
      ['to/older', 'old', 999],
      ['to/newer', 'kept', 1001],
    ] as const) {
      writeFileSync(join(cwd, name), text);
      utimesSync(join(cwd, name), seconds, seconds);
    }
    expect(output(['cp', '-u', 'from', 'to'], cwd)).toMatch(/^2 files, .*1 unchanged/);
    expect(readFileSync(join(cwd, 'to/older'), 'utf8')).toBe('new');
    expect(readFileSync(join(cwd, 'to/newer'), 'utf8')).toBe('kept');
    expect(output(['cp', '--update', 'from', 'to'], cwd)).toMatch(/^0 files, .*3 unchanged/);
  });

  it.each([
    ['older', { status: 0, a: 'old' }],
    ['none', { status: 0, a: 'old' }],
    ['none-fail', { status: 1, a: 'old' }],
    ['all', { status: 0, a: 'new' }],
  ])('--update=%s does what it does in cp(1)', (when, expected) => {
    const cwd = workspace();
    writeTree(cwd, { 'from/a': 'new', 'to/a': 'old' });
    utimesSync(join(cwd, 'from/a'), 1000, 1000);
    const { status } = run(['cp', `--update=${when}`, 'from', 'to'], { cwd });
    expect({ status, a: readFileSync(join(cwd, 'to/a'), 'utf8') }).toEqual(expected);
  });

  it('--parents keeps the paths of its sources, relative and absolute', () => {
    const cwd = prepared();
    mkdirSync(join(cwd, 'site/deep'));
    writeFileSync(join(cwd, 'site/deep/one.js'), '');
    output(['cp', '--parents', 'site/deep', 'site/app.js', 'to'], cwd);
    expect(filesOf(join(cwd, 'to'))).toEqual(['site/app.js', 'site/deep/one.js']);
    output(['cp', '--parents', join(cwd, 'site/deep/one.js'), 'absolute'], cwd);
    expect(filesOf(join(cwd, 'absolute'))).toEqual([join(cwd, 'site/deep/one.js').slice(1)]);
    output(['cp', '--parents', 'site/*/*.js', 'globbed'], cwd);
    expect(filesOf(join(cwd, 'globbed'))).toEqual(['site/deep/one.js']);
  });

  it('-t names the directory first, also for a single file', () => {
    const cwd = prepared();
    output(['cp', '-t', 'to', 'site/app.js'], cwd);
    expect(filesOf(join(cwd, 'to'))).toEqual(['app.js']);
  });

  it('-f, -r and --sparse=auto say what is done anyway', () => {
    const cwd = prepared();
    output(['cp', '-f', '-r', '--sparse=auto', 'site', 'to'], cwd);
    expect(filesOf(join(cwd, 'to'))).toEqual(filesOf(join(cwd, 'site')));
  });

  it('--clone-directories has no effect where a directory cannot be cloned by one call', () => {
    const cwd = prepared();
    const copied = output(['cp', '--clone-directories', 'site', 'to'], cwd);
    expect(copied).toMatch(/ copied \((ficlone|copy_file_range|read_write)\)/);
  });
});

describeOnLinux('what is refused as wrong usage', () => {
  const refused: [args: string[], says: string][] = [
    [[], 'no command given'],
    [['copy'], "unknown command 'copy'"],
    [['cpp', 'a', 'b'], "unknown command 'cpp' (Did you mean cp?)"],
    [['cp', 'site'], "no destination given after 'site'"],
    [['cp', 'site', ''], 'a path is empty'],
    [['cp', 'file:///site', 'to'], "'file:///site' is a URL; give a path"],
    [['cp', 'site', 'FILE:///to'], "'FILE:///to' is a URL; give a path"],
    [['cp', '-t', 'file:///to', 'site'], "'file:///to' is a URL; give a path"],
    [['cp', '-C', 'file:///here', 'site', 'to'], "'file:///here' is a URL; give a path"],
    [['cp', '--manifest=file:///manifest', 'site', 'to'], "'file:///manifest' is a URL; give a path"],
    [['cp', '--relfink=auto', 'site', 'to'], "unknown option '--relfink' (Did you mean --reflink?)"],
    [['cp', '--dry-run=yes', 'site', 'to'], "option '--dry-run' takes no value"],
    [['cp', '--reflink=maybe', 'site', 'to'], 'Allowed choices are auto, always, never'],
    [['cp', '-j', '9', 'site', 'to'], 'It has to be a whole number from 1 to 8'],
    [['cp', '--preserve=mode,context', 'site', 'to'], "does not know 'context'"],
    [['cp', '-q', '-v', 'site', 'to'], 'cannot be used with'],
    [['cp', '--no-clobber', '--overwrite=always', 'site', 'to'], 'cannot be used with'],
    [['cp', '--delete', 'site/app.js', 'to'], "'site/app.js' is none"],
    [['cp', '--delete', 'site', 'site/*.js', 'to'], "'site/*.js' is none"],
    [['cp', '--delete=placed', 'site', 'to'], "needs '--manifest'"],
    [['cp', '--keep', 'x', 'site', 'to'], "there is no '--delete'"],
    [['cp', '-l', 'site', 'to'], "cannot do '--link': a hard link is not a copy"],
    [['cp', '-s', 'site', 'to'], "cannot do '--symbolic-link': "],
    [['cp', '-i', 'site', 'to'], "cannot do '--interactive': "],
    [['cp', '--backup=numbered', 'site', 'to'], "cannot do '--backup': "],
    [['cp', '-x', 'site', 'to'], "cannot do '--one-file-system': "],
    [['cp', '--attributes-only', 'site', 'to'], "cannot do '--attributes-only': "],
    [['cp', '--sparse=always', 'site', 'to'], "cannot do '--sparse=always': holes of the source stay holes"],
    [['cp', '-d', 'site', 'to'], "cannot do '-d': use -P --preserve=links"],
    [['cp', '-dR', 'site', 'to'], "cannot do '-d': "],
    [['cp', '-H', 'site', 'to'], "cannot do '-H': it follows all links (-L) or keeps all (-P)"],
    [['cp', '-aT', 'site', 'to'], "cannot do '--no-target-directory': a directory is copied as its contents"],
    [['cp', '-b', '-S', '.old', 'site', 'to'], "cannot do '--backup': "],
    [['cp', '--suffix=.old', 'site', 'to'], "cannot do '--suffix': it keeps no old versions"],
    [['cp', '-Z', 'site', 'to'], "cannot do '--context': "],
    [['cp', '--copy-contents', 'site', 'to'], "cannot do '--copy-contents': "],
    [['cp', '--keep-directory-symlink', 'site', 'to'], "cannot do '--keep-directory-symlink': "],
    [['cp', '--remove-destination', 'site', 'to'], "cannot do '--remove-destination': "],
    [['cp', '--strip-trailing-slashes', 'site', 'to'], "cannot do '--strip-trailing-slashes': "],
    [
      ['cp', '-a', '--no-preserve=mode', 'site', 'to'],
      "cannot do '--no-preserve': name what is preserved with --preserve",
    ],
    [['cp', '-u', '--overwrite=never', 'site', 'to'], 'cannot be used with'],
    [['cp', '--parents', '--flatten', 'site', 'to'], 'cannot be used with'],
    [['cp', '--parents', '../site', 'to'], "needs sources below '"],
    [['cp', '-t', 'to'], 'no source given'],
    [['cp'], 'no source and no destination given'],
    [['probe', 'a', 'b', 'c'], 'too many arguments'],
    [['bench', '--rounds', '0'], 'It has to be a whole number from 1 to 100'],
    [['bench', 'nowhere'], "'nowhere' is no directory"],
  ];
  it.each(refused)('%j', (args, says) => {
    const cwd = prepared();
    const before = contentsOf(cwd);
    const { status, stdout, stderr } = run(args, { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^fs-reflink: /);
    expect(stderr).toContain(says);
    expect(contentsOf(cwd)).toEqual(before);
  });

  it.each(['unknown option', 'cannot do', 'no destination', 'is no directory', 'too many arguments'])(
    'with --json it is an object on standard output: %s',
    (kind) => {
      const [args, says] = refused.find(([, text]) => text.includes(kind))!;
      const { status, stdout, stderr } = run([...args, '--json'], { cwd: prepared() });
      expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'ERR_USAGE',
        message: expect.stringContaining(says),
      });
    },
  );

  it('refuses a single file onto a directory of that name in what it is copied into', () => {
    const cwd = prepared();
    mkdirSync(join(cwd, 'to/app.js'), { recursive: true });
    const { status, stderr } = run(['cp', 'site/app.js', 'to'], { cwd });
    expect(status).toBe(1);
    expect(stderr).toContain('EISDIR');
  });
});
