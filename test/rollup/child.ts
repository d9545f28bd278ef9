import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import { expect } from 'vitest';

export interface ChildBuild {
  root: string;
  options: Options;
  /** The hook of another plugin that throws. */
  failing?: string | undefined;
  /** Whether the bundle is closed at the end. */
  close?: boolean;
}

export interface ChildOutcome {
  message?: string;
  /** The number of worker threads that still run. */
  workers: number;
  unhandled: string[];
  /** The temporary files that are left in the project. */
  temporaries: string[];
}

/** Builds with the built package in a separate process, which has to end by itself. */
export function runInChild(id: string, build: ChildBuild): ChildOutcome {
  const child = join(import.meta.dirname, 'child.js');
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [child, JSON.stringify({ id, ...build })],
    { encoding: 'utf8', timeout: 200_000, cwd: build.root, env: { ...process.env, NODE_OPTIONS: '' } },
  );
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as ChildOutcome;
}
