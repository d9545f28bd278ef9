import type { BuildResult } from 'esbuild';

const callbacks = new WeakMap<BuildResult, (() => void)[]>();

/**
 * Calls back when the result of a build is handed to whoever asked for the build, by `build()` or `rebuild()`. Nobody
 * gets the results of builds that `watch()` and `serve()` begin, and that is all that tells a plugin of them: a promise
 * that is resolved with a result looks whether the result has a `then`.
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
