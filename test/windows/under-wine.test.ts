import { describe, expect, test } from 'vitest';
import { laneFiles } from './wine/files.ts';
import { runInside, saysWhy } from './wine/inner-run.ts';
import type { InnerFile, InnerRun, InnerTest } from './wine/record.ts';
import { nodeVersions, wineUnavailable } from './wine.ts';

const reason = wineUnavailable();

if (reason) {
  describe.skip(`Windows under Wine (skipped: ${reason})`, () => {
    test('every test that needs Windows', () => {});
  });
} else {
  // The tests are known once they were run, and have to be known before vitest starts any.
  const runs = await Promise.all(nodeVersions.map(runInside));
  for (const [index, { version }] of nodeVersions.entries()) {
    describe(`Windows under Wine, Node.js ${version}`, () => describeRun(runs[index]!));
  }
}

function describeRun({ files, errors, printed }: InnerRun): void {
  for (const file of files) describe(file.file, () => describeFile(file));

  test('it ran every test file, and nothing went wrong besides', () => {
    expect(errors.join('\n')).toBe('');
    expect(files.map(({ file }) => file).sort()).toEqual(laneFiles());
  });

  test('nothing was printed, no warning above all', () => {
    expect(printed.join('\n')).toBe('');
  });
}

function describeFile({ errors, tests }: InnerFile): void {
  for (const inner of tests) surface(inner);

  test('it could be loaded, and has tests that were run', () => {
    expect(errors.join('\n')).toBe('');
    expect(tests.length).toBeGreaterThan(0);
  });

  const skipped = tests.filter(({ state }) => state === 'skipped');
  test(`${skipped.length} of ${tests.length} skipped, each with its reason`, () => {
    expect(skipped.filter((inner) => !saysWhy(inner)).map(({ path }) => path.join(' > '))).toEqual([]);
  });
}

function surface({ path, state, errors }: InnerTest): void {
  const name = path.join(' > ');
  const declare = state === 'skipped' ? test.skip : test;
  declare(name, () => {
    if (state !== 'passed') throw new InnerFailure(errors.join('\n\n') || 'it failed without saying why');
  });
}

/** Where it was thrown is in its message: it was in another process. */
class InnerFailure extends Error {
  override readonly name = 'Inside';
  override stack = `Inside: ${this.message}`;
}
