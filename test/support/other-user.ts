import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';

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

interface Staged {
  home: string;
  copy: ReadableCopy;
}

let staged: Staged | undefined;
afterAll(() => {
  if (staged) remove(staged);
});

/**
 * Copies what a process of another user needs to the temporary directory, until the end of the test file: the
 * checkout may be in a directory that only root may enter. Needs root.
 */
export function readableCopy(): ReadableCopy {
  staged ??= stage();
  return staged.copy;
}

function stage(): Staged {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-readable-')));
  const modules = join(home, 'node_modules');
  const installed = join(modules, 'fs-reflink');
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist'])
    cpSync(join(core, name), join(installed, name), { recursive: true });
  for (const name of ['koffi', 'micromatch', 'p-limit'])
    copyPackage(join(core, 'node_modules', name), modules);
  cpSync(laneChild, join(home, 'lane-child.js'));
  let { execPath } = process;
  if (runAsNobody(execPath, '') !== undefined) {
    // Node.js itself may be in root's home directory.
    execPath = join(home, 'node');
    cpSync(process.execPath, execPath);
  }
  execFileSync('chmod', ['-R', 'a+rX', home]);
  return {
    home,
    copy: {
      execPath,
      library: pathToFileURL(join(installed, 'dist/index.js')).href,
      laneChild: join(home, 'lane-child.js'),
    },
  };
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

function remove({ home }: Staged): void {
  rmSync(home, { recursive: true, force: true });
}

/** Why no test can run as another user here, found by a trial; undefined if it can. */
export function otherUserUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root can run a process as another user';
  // The copy is deleted again: if all tests of a file are skipped, `afterAll` does not run.
  const trial = stage();
  try {
    const { execPath, library } = trial.copy;
    const failure = runAsNobody(execPath, `await import(${JSON.stringify(library)})`);
    return failure && `another user cannot use what lies in ${tmpdir()}: ${failure}`;
  } finally {
    remove(trial);
  }
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
