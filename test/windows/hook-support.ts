import { describe } from 'vitest';
import { type Hook, hookUnavailable, loadHook } from './hook.ts';
import { loadKernel32 } from './kernel32.ts';

/** Windows errors, by their names without `ERROR_`. */
export const ERROR = {
  INVALID_FUNCTION: 1,
  ACCESS_DENIED: 5,
  NOT_SUPPORTED: 50,
  FILE_EXISTS: 80,
  INVALID_PARAMETER: 87,
  INSUFFICIENT_BUFFER: 122,
  TOO_MANY_REFERENCES: 347,
  REQUEST_ABORTED: 1235,
};

// There once something was described with them.
export let hook: Hook;
export let windows: ReturnType<typeof loadKernel32>;

/** Describes what needs the hook DLL, which is loaded here; its settings are the tests'. */
export function describeWithHook(name: string, body: () => void): void {
  if (hookUnavailable) {
    describe.skip(`${name} (skipped: ${hookUnavailable})`, body);
    return;
  }
  hook ??= loadHook();
  windows ??= loadKernel32();
  describe(name, body);
}
