import { join } from 'node:path';
import { type CopyOptions, copy, type Target, type Transform } from 'fs-reflink';
import { list, listSync } from 'fs-reflink/list';
import { describe, expect, it } from 'vitest';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, fill, leavingNothing, refusal, rejection, workspace } from './support.ts';

/** Values that are not errors but can be thrown, and that `if (error)` does not notice. */
const FALSY = [undefined, null, 0, '', false];

type Given = { target?: Partial<Target>; options?: CopyOptions };

/** Options with each of the user's functions, which throws `value`. */
function throwing(value: unknown): Record<string, Given> {
  const fail = () => {
    throw value;
  };
  return {
    filter: { target: { filter: fail } },
    rename: { target: { rename: fail } },
    onProgress: { options: { onProgress: fail } },
    onPlanned: { options: { onPlanned: fail } },
  };
}

const cases = FALSY.flatMap((value) =>
  Object.keys(throwing(value)).map((name) => ({ name, value, shown: JSON.stringify(value) ?? 'undefined' })),
);

describe.each([
  { how: 'few files', files: 3, held: false },
  { how: 'many files', files: 200, held: false },
  { how: 'held worker threads', files: 200, held: true },
])('a copy of $how rejects', ({ files, held }) => {
  it.each(cases)('when $name throws $shown', async ({ name, value }) => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files, folders: 2 });
    const { target, options } = throwing(value)[name]!;
    const workers = held ? await bootWorkers(2) : undefined;
    const act = () => copy({ from: 'in', to: 'out', ...target }, { cwd, concurrency: 2, ...options });
    const error = await leavingNothing(cwd, () => refusal(act));
    await workers?.dispose();
    expect(error.code).toBe('ERR_THROWN');
    expect(error.cause).toBe(value);
    expect(error.message).toContain(value === '' ? "''" : String(value));
  });

  it('with the very value when a function throws one that is truthy', async () => {
    const cwd = workspace();
    fill(join(cwd, 'in'), { files, folders: 2 });
    const workers = held ? await bootWorkers(2) : undefined;
    const onPlanned = () => {
      throw 'a string';
    };
    expect(await rejection(() => copy({ from: 'in', to: 'out' }, { cwd, onPlanned }))).toBe('a string');
    await workers?.dispose();
  });
});

it.each(FALSY)('a copy rejects when transform throws or rejects with %j', async (value) => {
  const cwd = workspace();
  fill(join(cwd, 'in'), { files: 3, folders: 1 });
  const transforms: Transform[] = [
    () => {
      throw value;
    },
    async () => {
      throw value;
    },
  ];
  for (const transform of transforms) {
    const error = await refusal(() => copy({ from: 'in', to: 'out', transform }, { cwd }));
    expect(error.code).toBe('ERR_TRANSFORM');
    expect(error.cause).toBe(value);
    expect(contentsOf(join(cwd, 'out'))).toEqual({ 'folder-0': 'directory' });
  }
});

it.each(FALSY)('a list of files rejects, or throws, when filter throws %j', async (value) => {
  const cwd = workspace();
  fill(join(cwd, 'in'), { files: 3, folders: 1 });
  const filter = () => {
    throw value;
  };
  for (const act of [list, async (...args: Parameters<typeof list>) => listSync(...args)]) {
    const error = await refusal(() => act({ from: 'in', to: 'out', filter }, { cwd }));
    expect(error.code).toBe('ERR_THROWN');
    expect(error.cause).toBe(value);
  }
});
