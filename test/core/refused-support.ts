import { dirname, join } from 'node:path';
import { type CopyError, type CopyOptions, copy, type Target } from 'fs-reflink';
import { expect } from 'vitest';
import { type TreeSpec, writeTree } from '../support/trees.ts';
import { contentsOf, leavingNothing, refusal, workspace } from './support.ts';

export interface RefusedCase {
  name: string;
  files?: TreeSpec;
  targets?: Target | Target[];
  options?: CopyOptions;
  code: string;
  /** The relative path of the source in the error. Several if the first error depends on which thread is faster. */
  source?: string | readonly string[];
  destination?: string;
  reason?: string;
}

export interface Way {
  name: string;
  files: TreeSpec;
  held?: boolean;
  target?: Partial<Target>;
}

const filler: TreeSpec = Object.fromEntries(
  Array.from({ length: 40 }, (_each, index) => [`in/f/${index}`, 'f']),
);

/** The ways in which a copy runs. */
export const ways: Way[] = [
  { name: 'on the calling thread', files: {} },
  { name: 'in worker threads that stand ready', files: {}, held: true },
  { name: 'with functions', files: filler, target: { filter: () => true } },
];

/** Creates a directory `in` to copy, and its destination `out` with an existing file, in a new directory. */
export function prepared(way: Way, files: TreeSpec = {}): string {
  const base = { 'in/a': 'a', 'in/deep/b': 'b', 'out/precious': 'p', old: 'old' };
  return writeTree(join(workspace(), 'home'), { ...base, ...way.files, ...files });
}

/** Runs a copy and checks that no existing entry has changed. Complete files may have been added. */
export async function refusedIn(
  cwd: string,
  way: Way,
  targets: Target | Target[] = { from: 'in', to: 'out' },
  options: CopyOptions = {},
): Promise<CopyError> {
  const given = (Array.isArray(targets) ? targets : [targets]).map((each) => ({ ...way.target, ...each }));
  const before = contentsOf(cwd);
  const beside = () =>
    Object.entries(contentsOf(dirname(cwd))).filter(([path]) => path !== 'home' && !path.startsWith('home/'));
  const around = beside();
  const error = await leavingNothing(cwd, () => refusal(() => copy(given, { cwd, ...options })));
  const after = contentsOf(cwd);
  for (const [path, content] of Object.entries(before)) expect(after[path], path).toBe(content);
  for (const [path, content] of Object.entries(after)) {
    if (before[path] === undefined && content !== 'directory') {
      expect(Object.values(before), path).toContain(content);
    }
  }
  expect(beside()).toEqual(around);
  return error;
}

/** Runs a case, and checks its error. */
export async function expectRefused(way: Way, each: RefusedCase): Promise<void> {
  const cwd = prepared(way, each.files);
  const error = await refusedIn(cwd, way, each.targets, each.options);
  expect(error.code).toBe(each.code);
  for (const side of ['source', 'destination'] as const) {
    const expected = each[side];
    if (expected !== undefined)
      expect([expected].flat().map((path) => join(cwd, path))).toContain(error[side]);
    expect(error[side], side).toEqual(expect.any(String));
    expect(error.message).toContain(JSON.stringify(error[side]));
  }
  expect(error.message).toContain(`${each.code}: `);
  expect(error.message).toContain(each.reason ?? '');
}
