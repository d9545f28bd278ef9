import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';

/** The user and the group without rights. */
export const NOBODY = 65_534;

/** What a process of another user runs, in a directory that every user may read. */
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

const homes: string[] = [];
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

let copy: ReadableCopy | undefined;
let reason: string | undefined;

/**
 * Copies what a process of another user runs to the temporary directory, once per test file: the checkout may lie
 * below a directory that only root may enter. Needs root.
 */
export function readableCopy(): ReadableCopy {
  if (copy !== undefined) return copy;
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-readable-')));
  homes.push(home);
  const modules = join(home, 'node_modules');
  const installed = join(modules, 'fs-reflink');
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist'])
    cpSync(join(core, name), join(installed, name), { recursive: true });
  // With it comes the directory of its prebuilt binaries, which lies beside it.
  const koffi = dirname(realpathSync(join(core, 'node_modules/koffi')));
  cpSync(koffi, modules, { recursive: true, dereference: true });
  cpSync(laneChild, join(home, 'lane-child.js'));
  copy = {
    execPath: process.execPath,
    library: pathToFileURL(join(installed, 'dist/index.js')).href,
    laneChild: join(home, 'lane-child.js'),
  };
  spawnSync('chmod', ['-R', 'a+rX', home]);
  reason = failureOf(copy);
  if (reason !== undefined) {
    // Node.js itself may lie below root's home.
    const execPath = join(home, 'node');
    cpSync(process.execPath, execPath);
    chmodSync(execPath, 0o755);
    copy.execPath = execPath;
    reason = failureOf(copy);
  }
  return copy;
}

/** Why no test can run as another user here; undefined if it can. */
export function otherUserUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root can run a process as another user';
  readableCopy();
  return reason;
}

/** Why a process cannot give up root's rights here; undefined if it can, or if it has none. */
export function cannotGiveUpRights(): string | undefined {
  return process.getuid?.() === 0 ? otherUserUnavailable() : undefined;
}

function failureOf({ execPath, library }: ReadableCopy): string | undefined {
  const code = `await import(${JSON.stringify(library)});`;
  const { error, status, stderr } = spawnSync(execPath, ['--input-type=module', '-e', code], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  if (error === undefined && status === 0) return undefined;
  const cause =
    error?.message ??
    stderr
      .trim()
      .split('\n')
      .find((line) => line.includes('Error')) ??
    `exit ${status}`;
  return `another user cannot run what lies in ${tmpdir()}: ${cause}`;
}
