import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkLaneNames, reasonToSkip } from './optional-lanes.ts';

// Clears the variables that this run itself may have.
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('REFLINK_REQUIRE_')) vi.stubEnv(name, '');
});
afterEach(() => vi.unstubAllEnvs());

const clear = () => undefined;
const blocked = () => 'no wheels';

test('a lane runs when it is asked for and nothing is in its way', () => {
  vi.stubEnv('REFLINK_LANES', 'macos, arm64');
  expect(reasonToSkip('arm64', clear)).toBeUndefined();
  expect(reasonToSkip('arm64', blocked)).toBe('no wheels');
  expect(reasonToSkip('browser', clear)).toBe('REFLINK_LANES does not name browser');
});

test('a lane that is required is asked for, and an obstacle is an error', () => {
  vi.stubEnv('REFLINK_LANES', '');
  vi.stubEnv('REFLINK_REQUIRE_ARM64', '1');
  expect(reasonToSkip('arm64', clear)).toBeUndefined();
  expect(() => reasonToSkip('arm64', blocked)).toThrow(
    'REFLINK_REQUIRE_ARM64=1, but the lane cannot run: no wheels',
  );
});

test('lanes that do not exist are an error', () => {
  vi.stubEnv('REFLINK_LANES', 'macos headers,all');
  expect(checkLaneNames).not.toThrow();
  vi.stubEnv('REFLINK_LANES', 'macos,header');
  expect(checkLaneNames).toThrow('REFLINK_LANES names header; known are all, filesystems, ');
});
