/** What has to be called when a signal is aborted, and the one listener that calls it. */
const waiting = new WeakMap<AbortSignal, { steps: Set<() => void>; listener: () => void }>();

/**
 * Calls `step` when `signal` is aborted, unless the returned function is called before. All steps share one listener:
 * Node.js warns of a memory leak when a signal has more than 10, and many copies may have the same signal.
 */
export function onAbort(signal: AbortSignal, step: () => void): () => void {
  let entry = waiting.get(signal);
  if (!entry) {
    const steps = new Set<() => void>();
    const listener = () => {
      for (const each of steps) each();
    };
    entry = { steps, listener };
    waiting.set(signal, entry);
    signal.addEventListener('abort', listener);
  }
  const { steps, listener } = entry;
  steps.add(step);
  return () => {
    if (!steps.delete(step) || steps.size > 0) return;
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}
