import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, openSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { expect, it } from 'vitest';
import { contentsOf, filesOf, fill, workspace } from '../core/support.ts';
import { command, describeOnLinux, json, output, run } from './support.ts';

/** 3 files in `from`; `to` has one of them, older, and one that is not in `from`. */
function prepared(): string {
  const cwd = workspace();
  for (const directory of ['from/sub', 'to']) mkdirSync(join(cwd, directory), { recursive: true });
  writeFileSync(join(cwd, 'from/one'), 'one');
  writeFileSync(join(cwd, 'from/two'), 'twotwo');
  writeFileSync(join(cwd, 'from/sub/three'), 'three');
  writeFileSync(join(cwd, 'to/one'), 'old');
  utimesSync(join(cwd, 'to/one'), 1, 1);
  writeFileSync(join(cwd, 'to/stale'), 'stale');
  return cwd;
}

/** Runs the command in a directory that is deleted before. */
function runInDeleted(cwd: string, args: readonly string[]) {
  mkdirSync(join(cwd, 'gone'));
  const script = 'rmdir ../gone && exec "$@"';
  return spawnSync('sh', ['-c', script, 'sh', process.execPath, command, ...args], {
    cwd: join(cwd, 'gone'),
    encoding: 'utf8',
  });
}

describeOnLinux('what cp prints', () => {
  it('says in one line what really happened', () => {
    const printed = output(['cp', '--reflink=never', 'from', 'to'], prepared());
    expect(printed).toMatch(/^3 files, 14 B in [\d.]+ m?s: 3 copied \(read_write\)\n$/);
  });

  it('says which file went where and how with --verbose, and what was deleted', () => {
    const cwd = prepared();
    const lines = output(['cp', '-v', '--reflink=never', '--delete', 'from', 'to'], cwd).split('\n');
    expect(lines.slice(0, 3).sort()).toEqual([
      "'from/one' -> 'to/one' (read_write)",
      "'from/sub/three' -> 'to/sub/three' (read_write)",
      "'from/two' -> 'to/two' (read_write)",
    ]);
    expect(lines[3]).toBe("removed 'to/stale'");
    expect(lines[4]).toMatch(/^3 files, .*; 1 deleted$/);
  });

  it('says that the current directory was deleted', () => {
    const cwd = prepared();
    const [from, to] = [join(cwd, 'from'), join(cwd, 'to')];
    const { status, stderr } = runInDeleted(cwd, ['cp', from, to]);
    expect(status).toBe(1);
    expect(stderr).toContain(`Cannot copy ${JSON.stringify(from)} to ${JSON.stringify(to)}: ENOENT`);
    expect(stderr).toContain('the current directory was deleted');
    expect(contentsOf(cwd)).toHaveProperty(['to/stale']);
  });

  it('names absolute paths with --verbose if the current directory was deleted', () => {
    const cwd = prepared();
    const args = ['cp', '-v', '--reflink=never', '--directory', cwd, 'from', 'to'];
    const { status, stdout, stderr } = runInDeleted(cwd, args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`'${cwd}/from/one' -> '${cwd}/to/one' (read_write)\n`);
    expect(stdout).toContain('\n3 files, ');
  });

  it('says for bench that the current directory was deleted, unless no path is relative to it', () => {
    const cwd = prepared();
    const refused = runInDeleted(cwd, ['bench']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('ENOENT: the current directory was deleted');
    const { status, stdout } = runInDeleted(cwd, ['bench', '--json', '--rounds', '1', join(cwd, 'from')]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ files: 3 });
  });

  it('prints nothing with --quiet but errors', () => {
    const cwd = prepared();
    expect(run(['cp', '-q', 'from', 'to'], { cwd })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(filesOf(join(cwd, 'to'))).toEqual(['one', 'stale', 'sub/three', 'two']);
    const failed = run(['cp', '-q', 'nowhere', 'to'], { cwd });
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain('ENOENT');
  });

  it('prints the report with --json, with an entry per file if --verbose', () => {
    const cwd = prepared();
    const report = json<CopyReport>(['cp', '--reflink=never', 'from', 'to'], cwd);
    const { durationMs, ...counts } = report;
    expect(durationMs).toBeGreaterThan(0);
    expect(counts).toEqual({
      files: 3,
      bytes: 14,
      methods: { read_write: { files: 3, bytes: 14 } },
      unchanged: 0,
      pruned: 0,
      directories: 1,
      links: 0,
      warnings: [],
    });
    const { entries } = json<CopyReport>(['cp', '-v', 'from/one', 'to/new'], cwd);
    expect(entries).toMatchObject([{ destination: join(cwd, 'to/new'), action: 'copied', bytes: 3 }]);
  });

  it('names both paths and the code of a failure in one line, and more with --verbose', () => {
    const cwd = prepared();
    mkdirSync(join(cwd, 'to/two'));
    const { status, stdout, stderr } = run(['cp', 'from', 'to'], { cwd });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const paths = `"${join(cwd, 'from/two')}" to "${join(cwd, 'to/two')}"`;
    expect(stderr).toMatch(/^fs-reflink: Cannot copy .*\n$/);
    expect(stderr).toContain(`${paths}: EISDIR: `);
    const asJson = run(['cp', 'from', 'to', '--json'], { cwd });
    expect(asJson).toMatchObject({ status: 1, stderr: '' });
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      error: { code: 'EISDIR', source: join(cwd, 'from/two'), destination: join(cwd, 'to/two') },
      copied: { files: expect.any(Number), bytes: expect.any(Number) },
    });
  });

  it('copies the rest with --keep-going, and fails in the end', () => {
    const cwd = prepared();
    mkdirSync(join(cwd, 'to/two'));
    const asJson = run(['cp', '--keep-going', 'from', 'gone', 'to', '--json'], { cwd });
    expect(asJson).toMatchObject({ status: 1, stderr: '' });
    const { errors, files } = JSON.parse(asJson.stdout) as CopyReport;
    expect(errors!.map(({ code, source }) => [code, source]).sort()).toEqual([
      ['EISDIR', join(cwd, 'from/two')],
      ['ENOENT', join(cwd, 'gone')],
    ]);
    expect(files).toBe(2);
    const { status, stdout, stderr } = run(['cp', '--keep-going', 'from', 'gone', 'to'], { cwd });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^2 files, .*; 2 errors\n$/);
    expect(stderr.match(/^fs-reflink: Cannot copy .*: (EISDIR|ENOENT): .*$/gm)).toHaveLength(2);
  });

  it('warns on standard error and still succeeds', () => {
    const cwd = prepared();
    const { status, stderr } = run(['cp', '--ignore-missing-args', 'from', 'gone', 'to'], { cwd });
    expect(status).toBe(0);
    expect(stderr).toBe(`fs-reflink: warning: nothing matches "gone" (looked for "${join(cwd, 'gone')}")\n`);
  });
});

describeOnLinux('what cp does', () => {
  it('touches nothing on a dry run, and says what would be done', () => {
    const cwd = prepared();
    const before = contentsOf(cwd);
    const { mtimeMs } = statSync(join(cwd, 'to'));
    const args = ['cp', '-n', '--delete', '--overwrite=changed', 'from', 'to'];
    expect(output(args, cwd)).toBe('would copy 3 files, 14 B; 1 to be deleted\n');
    const lines = output([...args, '-v'], cwd)
      .trimEnd()
      .split('\n')
      .sort();
    expect(lines).toEqual([
      "'from/one' -> 'to/one'",
      "'from/sub/three' -> 'to/sub/three'",
      "'from/two' -> 'to/two'",
      "removed 'to/stale'",
      'would copy 3 files, 14 B; 1 to be deleted',
    ]);
    expect(json<CopyReport>(args, cwd)).toMatchObject({ files: 3, pruned: 1, methods: {} });
    expect(contentsOf(cwd)).toEqual(before);
    expect(statSync(join(cwd, 'to')).mtimeMs).toBe(mtimeMs);
  });

  it('deletes what no source has, but not what is to be kept', () => {
    const cwd = prepared();
    mkdirSync(join(cwd, 'to/.git'));
    writeFileSync(join(cwd, 'to/.git/HEAD'), 'head');
    const printed = output(['cp', '--delete', '--keep=.git', 'from', 'to'], cwd);
    expect(printed).toMatch(/^3 files, .*; 1 deleted\n$/);
    expect(filesOf(join(cwd, 'to'))).toEqual(['.git/HEAD', 'one', 'sub/three', 'two']);
    output(['cp', 'from', 'to', '--delete'], cwd);
    expect(filesOf(join(cwd, 'to'))).toEqual(['one', 'sub/three', 'two']);
  });

  it('deletes only what it copied with --delete=placed, and skips what is unchanged', () => {
    const cwd = prepared();
    const args = ['cp', '--manifest=m', '--delete=placed', 'from', 'to'];
    expect(json<CopyReport>(args, cwd)).toMatchObject({ files: 3, pruned: 0 });
    spawnSync('rm', [join(cwd, 'from/two')]);
    expect(json<CopyReport>(args, cwd)).toMatchObject({ unchanged: 2, pruned: 1 });
    expect(filesOf(join(cwd, 'to'))).toEqual(['one', 'stale', 'sub/three']);
  });

  it.each([
    [['--overwrite=always'], 0, 'one'],
    [['--overwrite=changed'], 0, 'one'],
    [['--overwrite=never'], 0, 'old'],
    [['--no-clobber'], 0, 'old'],
    [['--overwrite=error'], 1, 'old'],
  ])('%j exits with %i where a file exists, which then is %j', (flags, status, content) => {
    const cwd = prepared();
    expect(run(['cp', ...flags, 'from/one', 'to/one'], { cwd }).status).toBe(status);
    expect(readFileSync(join(cwd, 'to/one'), 'utf8')).toBe(content);
  });

  it.each([
    [[], 0o640, true],
    [['--preserve=none'], 0o644, false],
    [['--preserve=mode'], 0o640, false],
    [['--preserve=timestamps'], 0o644, true],
    [['--preserve'], 0o640, true],
    [['--preserve=all'], 0o640, true],
    [['-p'], 0o640, true],
    [['-a'], 0o640, true],
  ])('preserves with %j', (flags, mode, timestamps) => {
    const cwd = prepared();
    chmodSync(join(cwd, 'from/one'), 0o640);
    utimesSync(join(cwd, 'from/one'), 5, 5);
    spawnSync(
      'sh',
      ['-c', `umask 022 && exec "$0" "$@"`, process.execPath, command, 'cp', ...flags, 'from/one', 'new'],
      {
        cwd,
      },
    );
    const copied = statSync(join(cwd, 'new'));
    expect((copied.mode & 0o777).toString(8)).toBe(mode.toString(8));
    expect(copied.mtimeMs === 5000).toBe(timestamps);
  });

  it('takes the flags that change nothing one can see', () => {
    const cwd = prepared();
    const flags = ['--atomic', '--fsync=full', '--bypass-cache', '--jobs=1', '-r'];
    expect(json<CopyReport>(['cp', ...flags, '--reflink=never', 'from', 'to'], cwd)).toMatchObject({
      methods: { direct: { files: 3 } },
    });
    expect(output(['cp', '--fsync', 'from', 'to2'], cwd)).toContain('3 files');
  });
});

describeOnLinux('output that goes nowhere', () => {
  const piped = (line: string, cwd: string) =>
    spawnSync('bash', ['-c', `set -o pipefail; "$0" "$1" ${line}`, process.execPath, command], {
      cwd,
      encoding: 'utf8',
      timeout: 60_000,
    });

  /** Runs the command with its output on a full disk. */
  const withoutRoom = (cwd: string, ...args: string[]) =>
    spawnSync(process.execPath, [command, ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      timeout: 60_000,
    });

  it('copies on when the reader of its output has gone', () => {
    const cwd = workspace();
    fill(join(cwd, 'from'), { files: 2000, folders: 10 });
    const { status, stdout, stderr } = piped('cp -v from to | head -n 1', cwd);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(status).toBe(0);
    expect(contentsOf(join(cwd, 'to'))).toEqual(contentsOf(join(cwd, 'from')));
  });

  it('fails when its report is lost', () => {
    const cwd = prepared();
    const { status, stderr } = withoutRoom(cwd, 'cp', 'from', 'to', '--json');
    expect(status).toBe(1);
    expect(stderr).toContain('cannot write to standard output');
  });

  it('says once that its output is lost', () => {
    const cwd = prepared();
    for (let file = 0; file < 50; file++) writeFileSync(join(cwd, 'from', `${file}`), 'x');
    const { status, stderr } = withoutRoom(cwd, 'cp', '-v', 'from', 'to');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^fs-reflink: cannot write to standard output: .*\n$/);
  });
});

const readme = readFileSync(join(command, '../../README.md'), 'utf8');
const examples = [...readme.matchAll(/^npx fs-reflink (.*?) *#/gm)].map(([, line]) => line!.split(' '));

describeOnLinux('the documentation', () => {
  it.each(examples)('has an example that works: %s', (...args) => {
    const cwd = workspace();
    fill(join(cwd, 'public'), { files: 6, folders: 2 });
    writeFileSync(join(cwd, 'model.bin'), 'model');
    mkdirSync(join(cwd, 'dist'));
    expect(output(args.filter(Boolean), cwd)).not.toBe('');
  });

  it('has six of them', () => {
    expect(examples).toHaveLength(6);
  });

  it('is printed by --help without the engine', () => {
    const hook = join(import.meta.dirname, '../rollup/loaded.js');
    const { stdout } = spawnSync(process.execPath, ['--import', hook, command, '--help'], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('/packages/core/dist/command-');
    expect(stdout).not.toContain('/packages/core/dist/engine-');
  });

  it('has every flag of cp', () => {
    const page = readFileSync(join(command, '../../../../docs/command-line.md'), 'utf8');
    const flags = output(['cp', '--help']).match(/--[a-z-]+/g)!;
    expect(flags.filter((flag) => !page.includes(flag))).toEqual([]);
  });
});

describeOnLinux('the library', () => {
  it('loads nothing of the command line', () => {
    for (const file of ['index.js', 'fs-reflink-worker.cjs']) {
      const built = readFileSync(join(command, '../../dist', file), 'utf8');
      expect(built).not.toMatch(/commander|cli-progress/);
    }
  });

  it('has the version of its package', () => {
    const { version } = JSON.parse(readFileSync(join(command, '../../package.json'), 'utf8'));
    expect(output(['--version'])).toBe(`${version}\n`);
  });
});
