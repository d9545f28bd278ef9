import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

/** The command as it is installed; what it runs is built before all tests. */
export const command: string = fileURLToPath(
  new URL('../../packages/core/bin/fs-reflink.js', import.meta.url),
);

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command with its output in pipes. */
export function run(
  args: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Ran {
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [command, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '', ...env },
    timeout: 60_000,
  });
  if (error) throw error;
  if (signal) throw new Error(`ended by ${signal}: ${stderr}`);
  return { status, stdout, stderr };
}

/** Runs it, expects success and no word on standard error, and returns what it printed. */
export function output(args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr } = run(args, { ...(cwd !== undefined && { cwd }) });
  if (status !== 0 || stderr !== '') throw new Error(`status ${status}: ${stderr}`);
  return stdout;
}

export function json<T>(args: readonly string[], cwd?: string): T {
  return JSON.parse(output([...args, '--json'], cwd)) as T;
}

/** What is expected of methods, modes and shells is Linux's. */
export function describeOnLinux(name: string, body: () => void): void {
  if (process.platform === 'linux') describe(name, body);
  else describe.skip(`${name} (skipped: written for Linux)`, body);
}
