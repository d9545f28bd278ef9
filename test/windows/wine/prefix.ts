import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cached } from '../../support/tools.ts';
import { compileLibrary, type WinePrograms } from './tools.ts';

const NAME = 'fs-reflink-wine-';
const DLLS = 'windows/system32';
const SET_UP_MS = 120_000;

/** A Windows of its own: registry, drives, temporary files, and the processes that run in it. */
export interface Prefix extends Disposable {
  /** What a process needs in its environment to run in it. */
  env: Record<string, string>;
  /** The host's path of W:, which is empty, and another volume than C:. */
  drive: string;
  /** The host's path of a new empty directory, and that directory's in Windows. */
  temporary(): { host: string; windows: string };
  /** Ends all that runs in it and removes it. Idempotent. */
  close(): void;
}

/**
 * Makes a prefix in a few milliseconds: what Wine installs, 700 MB, stays shared, and only what changes is its
 * own. So any number of runs go on at the same time, and ending one ends no other's processes.
 */
export function openPrefix(wine: WinePrograms): Prefix {
  closeOrphans(wine);
  const installed = join(installation(wine), 'prefix');
  const home = mkdtempSync(join(tmpdir(), `${NAME}${process.pid}-`));
  const close = () => closePrefix(wine, home);
  try {
    for (const name of readdirSync(installed)) {
      if (name.endsWith('.reg') || name === '.update-timestamp')
        copyFileSync(join(installed, name), join(home, name));
    }
    const temporary = temporaryDirectory(join(home, 'user.reg'));
    mkdirSync(join(home, 'drive_c', temporary), { recursive: true });
    for (const name of readdirSync(join(installed, 'drive_c'))) {
      if (name !== 'users') symlinkSync(join(installed, 'drive_c', name), join(home, 'drive_c', name));
    }
    const drive = join(home, 'drive_w');
    mkdirSync(drive);
    mkdirSync(join(home, 'dosdevices'));
    for (const [letter, target] of Object.entries({ c: '../drive_c', w: '../drive_w', z: '/' }))
      symlinkSync(target, join(home, 'dosdevices', `${letter}:`));
    open.add(close);
    closeWithProcess();
    return {
      env: environment(home),
      drive,
      temporary() {
        const host = mkdtempSync(join(home, 'drive_c', temporary, 'run-'));
        return { host, windows: `C:${host.slice(join(home, 'drive_c').length).replaceAll('/', '\\')}` };
      },
      close() {
        open.delete(close);
        close();
      },
      [Symbol.dispose]() {
        this.close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

const open = new Set<() => void>();

const closeAll = () => {
  for (const close of open) close();
};

function closeWithProcess(): void {
  if (process.listeners('exit').includes(closeAll)) return;
  process.on('exit', closeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      closeAll();
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

/** Whatever the host has set that Wine or the programs in it would heed stays outside. */
function environment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: homedir(),
    WINEPREFIX: home,
    WINEDEBUG: '-all',
    // No Mono, no browser, and no entries in the menus of whoever runs this.
    WINEDLLOVERRIDES: 'mscoree,mshtml,winemenubuilder.exe=',
    // Wine takes other names than ASCII only with a locale that has them.
    LC_ALL: 'C.UTF-8',
  };
}

/** What is the same in every prefix: Wine's own files and its registry, set to Windows 10. */
function installation(wine: WinePrograms): string {
  const missing = wine.major < 10 ? compileLibrary('bcryptprimitives') : undefined;
  const key = [wine.version, missing && basename(dirname(missing))].join('-').replaceAll(/[^\w.~-]+/g, '_');
  return cached(`windows-${key}`, (directory) => {
    const prefix = join(directory, 'prefix');
    const options = {
      env: { ...environment(prefix), HOME: directory },
      stdio: 'ignore',
      timeout: SET_UP_MS,
    } as const;
    try {
      execFileSync(wine.wine, ['wineboot', '-i'], options);
      // Debian's Wine says that it is Windows 7, where Node.js does not start.
      execFileSync(wine.wine, ['winecfg', '-v', 'win10'], options);
    } finally {
      stopServer(wine, prefix);
    }
    const dlls = join(prefix, 'drive_c', DLLS);
    if (missing) copyFileSync(missing, join(dlls, 'bcryptprimitives.dll'));
  });
}

/** Where Windows programs keep temporary files, below drive C:. */
function temporaryDirectory(registry: string): string {
  const [, path] = /^"TEMP"="C:\\\\(.+)"$/m.exec(readFileSync(registry, 'utf8')) ?? [];
  if (!path) throw new Error(`${registry} does not say where temporary files go`);
  return path.replaceAll('\\\\', '/');
}

function closePrefix(wine: WinePrograms, home: string): void {
  if (!existsSync(home)) return;
  stopServer(wine, home);
  rmSync(home, { recursive: true, force: true });
}

/** Wine's server takes every process of its prefix with it. */
function stopServer({ server }: WinePrograms, prefix: string): void {
  const options = { env: { WINEPREFIX: prefix }, timeout: 30_000 };
  const socket = socketDirectory(prefix);
  spawnSync(server, ['-k'], options);
  spawnSync(server, ['-w'], options);
  if (socket) rmSync(socket, { recursive: true, force: true });
}

/** Debian's Wine makes a directory for the server's socket and leaves it there; its name is in the prefix. */
function socketDirectory(prefix: string): string | undefined {
  const file = join(prefix, 'wineserver');
  if (!existsSync(file)) return undefined;
  const name = readFileSync(file, 'latin1').replace(/[\0\s]+$/, '');
  return /^wine-\w+$/.test(name) ? join('/tmp', name) : undefined;
}

/** A process ended by SIGKILL could not close its prefix; the next one does. */
function closeOrphans(wine: WinePrograms): void {
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith(NAME) && !isAlive(Number.parseInt(name.slice(NAME.length), 10)))
      closePrefix(wine, join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
