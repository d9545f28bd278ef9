import type { BuildOptions } from 'esbuild';

const builds = new WeakMap<BuildOptions, boolean>();

/**
 * Whether the options are those of a call of `build()`, and not of `context()`, which may be told to serve: esbuild says
 * so nowhere, and both call the `setup` of the first plugin. To be called when the `setup` of a plugin begins.
 */
export function isOneBuild(options: BuildOptions): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  const frames = [...String(stack).matchAll(/^ +at (?:\w+\.)?(\w+) \((.+):\d+:\d+\)$/gm)];
  const [, , library] = frames.find(([, name]) => name === 'handlePlugins') ?? [];
  const call = frames.find(([, name, file]) => file === library && /^(?:build|context)$/.test(name!));
  // Later plugins are set up after a promise, with nothing of the call on the stack.
  if (call) builds.set(options, call[1] === 'build');
  return builds.get(options) ?? false;
}
