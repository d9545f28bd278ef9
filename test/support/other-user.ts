import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runDirectory } from './run-directory.ts';

/** The numbers of the user and the group without rights. */
export const NOBODY = 65_534;

/** What a process of another user needs, in a directory that every user may read. */
export interface ReadableCopy {
  /** Node.js itself. */
  execPath: string;
  /** URL of the built package's entry. */
  library: string;
  /** Path of `lane-child.js`. */
  laneChild: string;
}

const core = fileURLToPath(new URL('../../packages/core/', import.meta.url));
const laneChild = fileURLToPath(new URL('lane-child.js', import.meta.url));

let staged: ReadableCopy | undefined;

/**
 * Copies what a process of another user needs to the directory of the run, once for all test files: the checkout may
 * be in a directory that only root may enter. Needs root.
 */
export function readableCopy(): ReadableCopy {
  staged ??= stage();
  return staged;
}

function stage(): ReadableCopy {
  const home = join(runDirectory(), 'readable');
  if (!existsSync(home)) {
    const unfinished = mkdtempSync(`${home}-`);
    fill(unfinished);
    try {
      renameSync(unfinished, home);
    } catch (error) {
      // Another test process was faster.
      if (!existsSync(home)) throw error;
      rmSync(unfinished, { recursive: true });
    }
  }
  const node = join(home, 'node');
  return {
    execPath: existsSync(node) ? node : process.execPath,
    library: pathToFileURL(join(home, 'node_modules/fs-reflink/dist/index.js')).href,
    laneChild: join(home, 'lane-child.js'),
  };
}

function fill(home: string): void {
  const modules = join(home, 'node_modules');
  const installed = join(modules, 'fs-reflink');
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist'])
    cpSync(join(core, name), join(installed, name), { recursive: true });
  for (const name of ['koffi', 'micromatch', 'p-limit'])
    copyPackage(join(core, 'node_modules', name), modules);
  cpSync(laneChild, join(home, 'lane-child.js'));
  // Node.js itself may be in root's home directory.
  if (runAsNobody(process.execPath, '') !== undefined) cpSync(process.execPath, join(home, 'node'));
  execFileSync('chmod', ['-R', 'a+rX', home]);
}

/** Copies a package and its dependencies, which are beside it (koffi's prebuilt binaries, for example). */
function copyPackage(linked: string, modules: string): void {
  const beside = dirname(realpathSync(linked));
  for (const name of readdirSync(beside)) {
    if (existsSync(join(modules, name))) continue;
    cpSync(join(beside, name), join(modules, name), { recursive: true, dereference: true });
    if (!name.startsWith('@')) copyPackage(join(beside, name), modules);
  }
}

let trial: { failure: string | undefined } | undefined;

/** Why no test can run as another user here, found by a trial; undefined if it can. */
export function otherUserUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root can run a process as another user';
  trial ??= { failure: tryOtherUser() };
  return trial.failure;
}

function tryOtherUser(): string | undefined {
  const { execPath, library } = readableCopy();
  const failure = runAsNobody(execPath, `await import(${JSON.stringify(library)})`);
  return failure && `another user cannot use what lies in ${tmpdir()}: ${failure}`;
}

/** Why a process cannot give up root's rights here; undefined if it can, or if it has none. */
export function cannotGiveUpRights(): string | undefined {
  return process.getuid?.() === 0 ? otherUserUnavailable() : undefined;
}

/** Runs a module as a user without rights. Returns why that failed, or undefined. */
function runAsNobody(execPath: string, code: string): string | undefined {
  const { error, status, stderr } = spawnSync(execPath, ['--input-type=module', '-e', code], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  if (error) return `cannot start Node.js, ${(error as NodeJS.ErrnoException).code}`;
  if (status === 0) return undefined;
  return stderr.split('\n').find((line) => line.includes('Error')) ?? `exit status ${status}`;
}
