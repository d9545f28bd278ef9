import { afterEach, expect, test, vi } from 'vitest';
import { reasonToSkip } from './tools.ts';

afterEach(() => vi.unstubAllEnvs());

const clear = () => undefined;
const blocked = () => 'no wheels';

test('a lane runs when it is asked for and nothing is in its way', () => {
  vi.stubEnv('REFLINK_LANES', 'other, moon');
  expect(reasonToSkip('moon', clear)).toBeUndefined();
  expect(reasonToSkip('moon', blocked)).toBe('no wheels');
  expect(reasonToSkip('mars', clear)).toBe('REFLINK_LANES does not name mars');
});

test('a lane that is required is asked for, and an obstacle is an error', () => {
  vi.stubEnv('REFLINK_LANES', '');
  vi.stubEnv('REFLINK_REQUIRE_MOON', '1');
  expect(reasonToSkip('moon', clear)).toBeUndefined();
  expect(() => reasonToSkip('moon', blocked)).toThrow(
    'REFLINK_REQUIRE_MOON=1, but the lane cannot run: no wheels',
  );
});
