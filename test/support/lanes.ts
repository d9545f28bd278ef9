import { type ChildProcess, fork } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CopyFileOptions, copy, copyFile, copyFileSync } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { readableCopy } from './other-user.ts';
import { bootWorkers } from './workers.ts';

/** The result of a copy: the method it used, or the code it failed with. */
export interface Copied {
  method?: string;
  bytes?: number;
  code?: string;
  warnings?: string[];
}

export type Run = (source: string, destination: string, options: CopyFileOptions) => Promise<Copied>;

interface Request {
  id: number;
  source: string;
  destination: string;
  options: CopyFileOptions;
}

/** One of the ways that a file can be copied through the package. */
export interface Lane {
  name: string;
  native: boolean;
  /** The names of another system's methods, by the name of the Linux method that does the same. */
  methods?: Record<string, string>;
  open(): Promise<{ run: Run; close(): Promise<void> }>;
}

const byCopy: Run = async (source, destination, options) => {
  const target = { from: source, to: dirname(destination), rename: basename(destination) };
  const { entries } = await copy(target, { ...options, entries: true });
  const [entry] = entries!;
  if (entry === undefined || entries!.length !== 1)
    throw new Error(`${entries!.length} entries for one file`);
  const method = entry.action === 'linked' ? 'symlink' : (entry.method ?? 'unchanged');
  return { method, bytes: entry.bytes };
};

export const lanes: Lane[] = [
  inProcess('copyFile', copyFile),
  inProcess('copyFileSync', async (...args) => copyFileSync(...args)),
  inProcess('copy', byCopy),
  inProcess('copy in worker threads', byCopy, () => bootWorkers(2)),
  { name: 'copyFile without the native lane', native: false, open: openPortable },
];

function inProcess(name: string, run: Run, start?: () => Promise<PreparedCopies>): Lane {
  return {
    name,
    native: true,
    async open() {
      const workers = await start?.();
      return { run: orCode(run), close: async () => workers?.dispose() };
    },
  };
}

/** Uses another process, because the lane is chosen once per process. */
async function openPortable(): ReturnType<Lane['open']> {
  return openChild({ env: { FS_REFLINK_NATIVE: 'off' } });
}

const inPlace = {
  execPath: process.execPath,
  laneChild: fileURLToPath(new URL('lane-child.js', import.meta.url)),
};

/** Copies in another process: with another environment, as another user, or started by another `command`. */
export function openChild({
  env = {},
  user,
  command = [],
}: {
  env?: NodeJS.ProcessEnv;
  user?: number;
  command?: string[];
}): {
  run: Run;
  close(): Promise<void>;
} {
  const { execPath, laneChild } = user === undefined ? inPlace : readableCopy();
  const [first, ...rest] = [...command, execPath];
  const child = fork(laneChild, {
    env: { ...process.env, ...env },
    execPath: first!,
    execArgv: rest,
    ...(user !== undefined && { uid: user, gid: user, cwd: '/' }),
  });
  let lastId = 0;
  return {
    run: (source, destination, options) => ask(child, { id: ++lastId, source, destination, options }),
    close: async () => child.disconnect(),
  };
}

function ask(child: ChildProcess, request: Request): Promise<Copied> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the child ended: ${child.exitCode ?? child.signalCode}`));
    if (!child.connected) return fail();
    child.once('disconnect', fail);
    child.on('message', function onMessage(answer: { id: number; copied: Copied }) {
      if (answer.id !== request.id) return;
      child.off('message', onMessage);
      child.off('disconnect', fail);
      resolve(answer.copied);
    });
    child.send({ ...request });
  });
}

/** Returns the code of a thrown error as the result. */
export function orCode(run: Run): Run {
  return async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined) throw error;
      return { code };
    }
  };
}
