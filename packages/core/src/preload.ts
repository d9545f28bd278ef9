import { loadSystem } from './platform/load.ts';

/**
 * Loads the native lane on the calling thread, which takes about 10 ms, ahead of a copy that will run on it:
 * a small one, or a single file. Whatever goes wrong shows in that copy's report.
 */
export function preload(): void {
  loadSystem();
}
