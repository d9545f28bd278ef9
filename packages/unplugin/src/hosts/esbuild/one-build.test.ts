import type { BuildOptions } from 'esbuild';
import { expect, test } from 'vitest';
import { isOneBuild } from './one-build.ts';

/** The functions call `run` as those of esbuild do: `handlePlugins` sets up the plugins for all of them. */
const callers = {
  build: function build(run: () => boolean) {
    return handlePlugins(run);
  },
  context: function context(run: () => boolean) {
    return handlePlugins(run);
  },
  transform: function transform(run: () => boolean) {
    return handlePlugins(run);
  },
};
function handlePlugins(run: () => boolean): boolean {
  return run();
}

test.each([
  ['build', true],
  ['context', false],
  ['transform', false],
] as const)('a call of %s() is one build: %j', (name, expected) => {
  const options: BuildOptions = {};
  expect(callers[name](() => isOneBuild(options))).toBe(expected);
  // A later plugin of the same build: the call is not on the stack any more.
  expect(isOneBuild(options)).toBe(expected);
  expect(isOneBuild({})).toBe(false);
});
