import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { mountWith } from '../support/filesystems.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';

const SOURCE = fileURLToPath(new URL('faultyfs.c', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/faultyfs', import.meta.url));
const FLAGS = ['-std=gnu17', '-O1', '-Wall', '-Wextra', '-Werror', '-D_FILE_OFFSET_BITS=64'];

export interface FaultyFilesystem extends Disposable {
  /** The mount point. */
  path: string;
  /** The directory that it shows, without faults. */
  behind: string;
  unmount(): void;
}

/** Mounts a filesystem in user space with faults, as `faultyfs.c` describes them: `'blocks=0 lseek=ENXIO'`. */
export function mountFaulty(faults: string): FaultyFilesystem {
  let behind = '';
  const { path, unmount } = mountWith((home, mountPoint) => {
    behind = join(home, 'behind');
    mkdirSync(behind);
    // It goes into the background once it is mounted, and ends when it is unmounted.
    const args = [mountPoint, '-o', 'allow_other,default_permissions'];
    const env = { ...process.env, FAULTYFS_ROOT: behind, FAULTYFS_FAULTS: faults };
    execFileSync(buildFaulty(), args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  });
  return { path, behind, unmount, [Symbol.dispose]: unmount };
}

/**
 * Describes what needs filesystems with faults. Where none can be mounted it is skipped with the reason in its
 * name, or fails if nothing may be skipped.
 */
export function describeFaulty(name: string, body: () => void): void {
  const reason = reasonToSkip('fuse', obstacle);
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${reason})`, body);
}

let known: { reason: string | undefined } | undefined;

function obstacle(): string | undefined {
  known ??= { reason: reasonAgainst() };
  return known.reason;
}

function reasonAgainst(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'mounting needs root';
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  if (spawnSync('gcc', ['--version']).error) return 'gcc is not installed';
  if (spawnSync('pkg-config', ['--exists', 'fuse3']).status !== 0) return 'libfuse3-dev is not installed';
  try {
    mountFaulty('').unmount();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The program, built when its source changed. */
function buildFaulty(): string {
  const version = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const program = join(CACHE, version);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const scratch = `${program}.${process.pid}`;
  const fuse = execFileSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  execFileSync('gcc', [...FLAGS, '-o', scratch, SOURCE, ...fuse], { stdio: ['ignore', 'ignore', 'pipe'] });
  // Another process may be building it too.
  renameSync(scratch, program);
  return program;
}
