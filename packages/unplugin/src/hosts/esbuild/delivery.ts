import type { BuildResult } from 'esbuild';

const callbacks = new WeakMap<BuildResult, (() => void)[]>();

/**
 * Calls `callback` when the caller of `build()` or `rebuild()` gets the result. No caller gets the results of builds
 * that esbuild starts by itself, for `watch()` and `serve()`, and a plugin can recognize such builds only by that.
 * This works because a promise that is resolved with a result reads the property `then` of the result.
 */
export function onDelivery(result: BuildResult, callback: () => void): void {
  const known = callbacks.get(result);
  if (known) {
    known.push(callback);
    return;
  }
  const list = [callback];
  callbacks.set(result, list);
  Object.defineProperty(result, 'then', {
    get() {
      delete (result as { then?: unknown }).then;
      callbacks.delete(result);
      for (const each of list) each();
      return undefined;
    },
    enumerable: false,
    configurable: true,
  });
}
