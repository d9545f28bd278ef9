import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { InlineConfig } from 'vite';
import { expect } from 'vitest';
import { pathsIn } from './support.ts';

/** A build in another process. With `edits` it is a watcher. */
export interface ChildCase {
  root: string;
  config?: InlineConfig;
  /** The hook that throws. */
  failing?: string | undefined;
  /** Whether bundling has to take longer than copying. */
  pause?: boolean;
  /** The new contents of the entry, each with the expected end of the rebuild. */
  edits?: string[][];
}

export interface Outcome {
  outcome: string | { message: string; source?: string; destination?: string };
  /** The messages that Vite's logger got. */
  errors: string[];
  /** Worker threads so far, in all cases together. */
  started: number;
}

/**
 * Builds in a separate process, which has to end by itself. A build must not leave anything behind: no worker, no
 * unhandled rejection, no temporary file.
 */
export function buildInChild(id: string, cases: ChildCase[]): Outcome[] {
  const child = join(import.meta.dirname, 'child.js');
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [child, JSON.stringify({ id, cases })],
    {
      encoding: 'utf8',
      timeout: 200_000,
      cwd: import.meta.dirname,
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  );
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  const outcomes = JSON.parse(stdout) as (Outcome & { workers: number; unhandled: string[] })[];
  outcomes.forEach(({ workers, unhandled }, number) => {
    expect({ workers, unhandled }, JSON.stringify(cases[number])).toEqual({ workers: 0, unhandled: [] });
    expect(temporariesIn(cases[number]!.root)).toEqual([]);
  });
  return outcomes;
}

function temporariesIn(root: string): string[] {
  return pathsIn(root).filter((path) => /\.fs-reflink-|\.tmp$/.test(path));
}
