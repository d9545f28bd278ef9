import type { BuildOptions } from 'esbuild';
import { expect, test } from 'vitest';
import { isOneBuild } from './one-build.ts';

/** Calls as esbuild does: one of its functions has the plugins set up by `handlePlugins`. */
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
  // A later plugin of the same build, with nothing of the call on the stack.
  expect(isOneBuild(options)).toBe(expected);
  expect(isOneBuild({})).toBe(false);
});
