import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CopyError, copy } from 'fs-reflink';
import { expect, onTestFinished } from 'vitest';
import { NOBODY, readableCopy } from '../support/other-user.ts';
import { readTree, type SnapshotEntry } from '../support/trees.ts';

/** Creates a directory that is deleted after the test. Every user may enter it. */
export function workspace(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-test-')));
  chmodSync(path, 0o755);
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Creates many small files, `folder-0/file-0.bin` and so on, each with different content. */
export function fill(
  root: string,
  { files, folders }: { files: number; folders: number },
): { bytes: number } {
  let bytes = 0;
  for (let folder = 0; folder < folders; folder++)
    mkdirSync(join(root, `folder-${folder}`), { recursive: true });
  for (let index = 0; index < files; index++) {
    const content = `${index}\n`.repeat((index * 37) % 900);
    writeFileSync(join(root, `folder-${index % folders}/file-${index}.bin`), content);
    bytes += content.length;
  }
  return { bytes };
}

/** Returns relative path -> content hash, link target or type, to compare trees without attributes. */
export function contentsOf(root: string): Record<string, string> {
  if (!existsSync(root)) return {};
  const entries = Object.entries(readTree(root));
  return Object.fromEntries(entries.map(([path, entry]) => [path, contentOf(entry)]));
}

function contentOf({ type, sha256, target }: SnapshotEntry): string {
  return sha256 ?? (target === undefined ? type : `-> ${target}`);
}

/** Relative paths of all files and links, sorted. */
export function filesOf(root: string): string[] {
  return Object.entries(contentsOf(root))
    .filter(([, content]) => content !== 'directory')
    .map(([path]) => path);
}

/** Temporary files that an interrupted copy has left. */
function temporariesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.includes('.fs-reflink-'),
  );
}

/** Files and directories that this process and its threads have open. */
function openPaths(): string[] {
  return readdirSync('/proc/self/fd')
    .map(targetOf)
    .filter((path) => path.startsWith('/') && !path.startsWith('/proc/') && !path.startsWith('/dev/'))
    .sort();
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor of the listing itself.
    return '';
  }
}

const threads = (): number => readdirSync('/proc/self/task').length;

let warm = false;

/**
 * Loads libraries and starts the threads of libuv, which stay for the life of the process: they must not count as
 * left behind.
 */
async function warmUp(): Promise<void> {
  if (warm) return;
  warm = true;
  const root = mkdtempSync(join(tmpdir(), 'fs-reflink-warm-'));
  try {
    for (let folder = 0; folder < 80; folder++)
      mkdirSync(join(root, 'from', `${folder}`), { recursive: true });
    await copy({ from: 'from', to: 'to' }, { cwd: root });
    // From Node.js 26 on, nothing before this starts libuv's threads.
    await stat(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Runs `act` and checks that it leaves no descriptor, no thread and no temporary file below `root`. */
export async function leavingNothing<T>(root: string, act: () => Promise<T>): Promise<T> {
  await warmUp();
  const before = { paths: openPaths(), threads: threads() };
  try {
    return await act();
  } finally {
    for (let turn = 0; turn < 5000 && threads() > before.threads; turn++) await wait(10);
    expect(threads(), 'threads left').toBeLessThanOrEqual(before.threads);
    expect(openPaths(), 'descriptors left').toEqual(before.paths);
    expect(temporariesIn(root), 'temporary files left').toEqual([]);
  }
}

/** The error that `act` rejects with, which has to be a CopyError. */
export async function refusal(act: () => Promise<unknown>): Promise<CopyError> {
  const error = await rejection(act);
  expect(error).toBeInstanceOf(CopyError);
  return error as CopyError;
}

export async function rejection(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error('it was expected to be refused');
}

const built = new URL('../../packages/core/dist/index.js', import.meta.url).href;

/** The URL of the library in {@link inProcess}. If root runs the tests, its process may change to another user. */
export const builtLibrary = (): string => (process.getuid?.() === 0 ? readableCopy().library : built);

/**
 * Runs a module in another process. In it, `lib` has the exports of the built library, `host` those for hosts, and
 * `argument` is the given argument. The value that the module returns is printed to the output. The process has to
 * end by itself.
 */
export function inProcess(
  body: string,
  argument: Record<string, unknown> = {},
  { env = {}, flags = [] }: { env?: Record<string, string>; flags?: string[] } = {},
) {
  const library = builtLibrary();
  const code = `
    import fs from 'node:fs';
    import * as lib from ${JSON.stringify(library)};
    import * as host from ${JSON.stringify(library.replace('index', 'host'))};
    const argument = ${JSON.stringify(argument)};
    const plain = ({ name, code, message, source, destination, method, syscall, cause }) =>
      ({ name, code, message, source, destination, method, syscall, cause: cause?.message });
    const main = async () => { ${body} };
    const answer = await main().then((value) => ({ value }), (error) => ({ error: plain(error) }));
    fs.writeSync(1, JSON.stringify(answer));
  `;
  const args = [...flags, '--input-type=module', '-e', code];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`exit ${status ?? signal}: ${stderr}`);
  return JSON.parse(stdout) as { value?: never; error?: Partial<CopyError> };
}

/** Code for {@link inProcess}: gives up root's rights. Tests that use it are skipped for `cannotGiveUpRights()`. */
export const asNobody = `
  const warm = fs.mkdtempSync(fs.realpathSync('/tmp') + '/fs-reflink-warm-');
  fs.writeFileSync(warm + '/a', 'a');
  lib.copyFileSync(warm + '/a', warm + '/b');
  fs.rmSync(warm, { recursive: true });
  if (process.getuid() === 0) {
    process.setgroups([]);
    process.setgid(${NOBODY});
    process.setuid(${NOBODY});
  }
`;
