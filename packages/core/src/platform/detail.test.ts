import { expect, test, vi } from 'vitest';

test('a lane that is built into a file of its own, with its own copy of this module, tells of its Windows error', async () => {
  const ofTheLane = await import('./detail.ts');
  vi.resetModules();
  const ofTheRest = await import('./detail.ts');
  expect(ofTheRest).not.toBe(ofTheLane);
  ofTheLane.noteWindowsError(16, 32);
  expect(ofTheRest.windowsErrorBehind(5)).toBeUndefined();
  expect(ofTheRest.windowsErrorBehind(16)).toBe('Windows error 32');
  expect(ofTheLane.windowsErrorBehind(16)).toBeUndefined();
});
