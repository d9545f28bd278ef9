import type { BuildOptions } from 'esbuild';

const builds = new WeakMap<BuildOptions, boolean>();

/**
 * Whether the options belong to a call of `build()`, and not of `context()`, which may serve. esbuild does not tell
 * plugins, so this looks for the call on the stack. Call this at the start of a plugin's `setup`.
 */
export function isOneBuild(options: BuildOptions): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  const frames = [...String(stack).matchAll(/^ +at (?:\w+\.)?(\w+) \((.+):\d+:\d+\)$/gm)];
  const [, , library] = frames.find(([, name]) => name === 'handlePlugins') ?? [];
  const call = frames.find(([, name, file]) => file === library && /^(?:build|context)$/.test(name!));
  // Later plugins are set up after a promise, when the call is not on the stack any more.
  if (call) builds.set(options, call[1] === 'build');
  return builds.get(options) ?? false;
}
