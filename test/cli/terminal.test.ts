import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf, fill } from '../core/support.ts';
import {
  cannotMount,
  type FilesystemKind,
  type MountedFilesystem,
  mountFilesystem,
} from '../support/filesystems.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { output } from './support.ts';
import { noTerminal, Terminal } from './terminal.ts';

/** Describes what needs a terminal and a filesystem; skipped with the reason in its name. */
function describeIn(kind: FilesystemKind, name: string, body: () => void): void {
  const reason = reasonToSkip('terminal', () => noTerminal() ?? cannotMount(kind));
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${reason})`, body);
}

/** Waiting for the disk after each file makes a copy of many take seconds. */
const SLOW = 'cp --fsync=full -j 2 --reflink=never from to';
const FILES = 6000;

/** How many files there are; none where there is no directory yet. */
const placedIn = (root: string) => (existsSync(root) ? readdirSync(root, { recursive: true }).length : 0);

const temporaries = (root: string) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('.fs-reflink-'));

describeIn('ext4', 'in a terminal', () => {
  let disk: MountedFilesystem;
  /** How many files a copy had copied when it had shown its progress. */
  let shownAt = 0;
  beforeAll(() => {
    disk = mountFilesystem('ext4', { sizeMiB: 256 });
    fill(join(disk.path, 'from'), { files: FILES, folders: 20 });
  });
  afterAll(() => disk?.unmount());

  it.each(['--help', 'cp --help', 'probe --help', 'bench --help'])(
    '%s fits 80 columns and 24 lines',
    async (args) => {
      // One line more: the test itself prints how the command ended.
      using terminal = new Terminal({ cwd: disk.path, rows: 25 });
      terminal.start(args);
      expect(await terminal.ended()).toBe(0);
      const shown = terminal.screen().split('\n');
      // The prompt comes after that line, or is still to come.
      shown.length = shown.findIndex((line) => line.startsWith('ended: '));
      expect(shown).toEqual(output(args.split(' ')).trimEnd().split('\n'));
    },
  );

  it.each([
    [80, 24],
    [120, 30],
    [50, 10],
  ])(
    'shows progress in one line, stops at Ctrl-C and says what is in place, %i columns wide',
    async (columns, rows) => {
      using terminal = new Terminal({ cwd: disk.path, columns, rows });
      terminal.start(SLOW);
      const screen = await terminal.shows(/\d%.*\/6,000 files/);
      shownAt = Math.max(shownAt, placedIn(join(disk.path, 'to')));
      expect(screen.split('\n')).toHaveLength(1);
      const wide = columns >= 80;
      if (wide)
        expect(screen).toMatch(
          /^█*░+ +\d+% {2}[\d,]+\/6,000 files {2}\S+ k?M?B\/\S+ MB .*B\/s {2}read_write$/,
        );
      terminal.press('C-c');
      expect(await terminal.ended()).toBe(130);
      const after = terminal.screen().replace(/\s/g, '');
      const [, said] = /fs-reflink:interrupted;completeandinplace:([\d,]+)files?,.*\(read_write\)ended/.exec(
        after,
      )!;
      const source = contentsOf(join(disk.path, 'from'));
      const copied = Object.entries(contentsOf(join(disk.path, 'to'))).filter(
        ([, content]) => content !== 'directory',
      );
      expect(copied.length).toBe(Number(said!.replaceAll(',', '')));
      expect(copied.length).toBeGreaterThan(0);
      expect(copied.length).toBeLessThan(FILES);
      for (const [path, content] of copied) expect(content, path).toBe(source[path]);
      expect(temporaries(disk.path)).toEqual([]);
      execFileSync('rm', ['-r', join(disk.path, 'to')]);
    },
  );

  it('shows nothing with --quiet, also when it is stopped', async () => {
    using terminal = new Terminal({ cwd: disk.path });
    terminal.start(`${SLOW} --quiet`);
    // As far as a copy comes before it has shown progress for long: see above.
    while (placedIn(join(disk.path, 'to')) < shownAt + 100) await wait(20);
    expect(terminal.screen()).toBe('');
    terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(terminal.screen()).toMatch(/^(\^C)?ended: 130\n\$$/);
    execFileSync('rm', ['-r', join(disk.path, 'to')]);
  });

  it('keeps standard output free of progress', async () => {
    using terminal = new Terminal({ cwd: disk.path });
    terminal.start(`${SLOW} --json > report.json`);
    await terminal.shows(/\d%.*\/6,000 files/);
    terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    const { error, copied } = JSON.parse(readFileSync(join(disk.path, 'report.json'), 'utf8'));
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: 'Error: received SIGINT' });
    expect(copied.files).toBeGreaterThan(0);
    expect(Object.keys(copied.methods)).toEqual(['read_write']);
    execFileSync('rm', ['-r', join(disk.path, 'to')]);
  });

  it('leaves the terminal as it was, and no progress beside the result', async () => {
    using terminal = new Terminal({ cwd: disk.path });
    terminal.start('cp --fsync --reflink=never from/folder-1 to');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen()).toMatch(
      /^300 files, \d+ kB in [\d.]+ m?s: 300 copied \(read_write\)\nended: 0\n\$$/,
    );
    execFileSync('rm', ['-r', join(disk.path, 'to')]);
  });

  it('has colours, unless NO_COLOR is set', async () => {
    for (const env of [{}, { NO_COLOR: '1' }]) {
      using terminal = new Terminal({ cwd: disk.path, env });
      terminal.start('probe .');
      expect(await terminal.ended()).toBe(0);
      expect(terminal.screen()).toContain('ext4 cannot clone');
      const coloured = terminal.screen({ styles: true }).includes('\u001b[31mno');
      expect(coloured).toBe(!('NO_COLOR' in env));
    }
  });

  it('removes what bench made at Ctrl-C', async () => {
    const before = readdirSync(disk.path);
    using terminal = new Terminal({ cwd: disk.path });
    terminal.start('bench --fsync --rounds 50');
    await terminal.shows(/round \d+ of 50: /);
    expect(readdirSync(disk.path)).not.toEqual(before);
    terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(terminal.screen()).toContain('fs-reflink: interrupted; copies and generated files are removed');
    expect(readdirSync(disk.path)).toEqual(before);
  });
});

describeIn('exfat', 'a copy that cannot be stopped', () => {
  it('ends at the second Ctrl-C', async () => {
    using disk = mountFilesystem('exfat', { sizeMiB: 64 });
    using place = mountFilesystem('tmpfs', { sizeMiB: 64 });
    fill(join(place.path, 'from'), { files: 4000, folders: 4 });
    const [server] = processesNaming(disk.path);
    using terminal = new Terminal({ cwd: place.path });
    terminal.start(`cp --fsync from ${disk.path}/to`);
    await terminal.shows(/\d%/);
    const [copying] = processesNaming(`cp --fsync from ${disk.path}/to`);
    // From here on no system call on that filesystem returns.
    process.kill(server!, 'SIGSTOP');
    try {
      terminal.press('C-c');
      await terminal.shows(/fs-reflink: stopping; again to end at once/);
      terminal.press('C-c');
      while (!isEnding(copying!)) await wait(5);
    } finally {
      process.kill(server!, 'SIGCONT');
    }
    // A shell whose command was ended by the signal itself does not go on with the line.
    expect(await terminal.shows(/\^C\s*\$$/)).not.toMatch(/interrupted|ended/);
    terminal.type('echo "ended: $?"');
    expect(await terminal.ended()).toBe(130);
  });
});

/** Numbers of the processes whose command line contains a text, in their order. */
function processesNaming(text: string): number[] {
  const listed = spawnSync('pgrep', ['-f', text], { encoding: 'utf8' }).stdout;
  return listed.trim().split('\n').map(Number);
}

/** Whether a process was ended, as far as those of its threads allow that wait for a system call to return. */
function isEnding(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const pending = BigInt(`0x${/^SigPnd:\t(\w+)$/m.exec(status)![1]}`);
  return /^State:\tZ/m.test(status) || (pending & (1n << BigInt(constants.signals.SIGKILL - 1))) !== 0n;
}
