import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonToSkip } from '../support/optional-lanes.ts';
import type { Tool } from '../support/tools.ts';
import { openPrefix } from './wine/prefix.ts';
import { compileLibrary, findWine, nodeProgram } from './wine/tools.ts';
import { placeRepository } from './wine/workspace.ts';

export { nodeVersions } from './wine/tools.ts';

/** Why nothing is run under Wine here; undefined if it is. */
export const wineUnavailable = (): string | undefined => reasonToSkip('windows', obstacle);

function obstacle(): string | undefined {
  if (process.platform === 'win32') return 'this is Windows itself';
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `it needs Linux on x64, this is ${process.platform} on ${process.arch}`;
  return findWine() ? undefined : 'wine64 is not installed';
}

/** What a Windows Node.js left behind. */
export interface Finished {
  /** As Windows gives it; undefined when the process was ended from here. */
  status: number | undefined;
  /** Standard output and standard error. */
  output: string;
}

export interface WindowsNode extends Disposable {
  /** The host's path of a new empty directory on C:, and that directory's in Windows. */
  temporary(): { host: string; windows: string };
  /**
   * Runs node.exe in this repository's root, `W:\repository`, with its dependencies for Windows.
   *
   * @param timeout after how many milliseconds it is ended
   */
  run(args: string[], options: { timeout: number; env?: Record<string, string> }): Promise<Finished>;
}

/** A Windows of its own with a Node.js of one version. The first time takes half a minute, later ones are ready. */
export function openWindowsNode(version: Tool): WindowsNode {
  const wine = findWine()!;
  const program = nodeProgram(version, wine);
  const hook = compileLibrary('hook');
  const prefix = openPrefix(wine);
  const repository = join(prefix.drive, 'repository');
  try {
    placeRepository(repository);
  } catch (error) {
    prefix.close();
    throw error;
  }
  return {
    temporary: prefix.temporary,
    async run(args, { timeout, env = {} }) {
      // Not a pipe: a Windows Node.js cannot use one of the host's.
      const log = join(prefix.temporary().host, 'output');
      const descriptor = openSync(log, 'wx');
      try {
        const child = spawn(wine.wine, [program, ...args], {
          cwd: repository,
          env: { ...prefix.env, REFLINK_WINDOWS_HOOK: windowsPath(hook), ...env },
          stdio: ['ignore', descriptor, descriptor],
        });
        const status = await ended(child, timeout);
        return { status, output: readFileSync(log, 'utf8') };
      } finally {
        closeSync(descriptor);
      }
    },
    [Symbol.dispose]: prefix.close,
  };
}

/** The path by which Windows sees a file of the host. */
function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

function ended(child: ChildProcess, timeout: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.once('error', reject);
    child.once('exit', (status) => {
      clearTimeout(timer);
      resolve(status ?? undefined);
    });
  });
}
