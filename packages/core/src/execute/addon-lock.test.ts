import { expect, test } from 'vitest';
import { AddonLock } from './addon-lock.ts';

test('what is loaded passes, until the lock is closed', () => {
  const lock = new AddonLock();
  const other = new AddonLock(lock.memory);
  expect(lock.load(() => 'loaded')).toBe('loaded');
  expect(other.close()).toBe(false);
  expect(lock.load(() => 'loaded')).toBeUndefined();
});

test('who closes it is told of what is being loaded', () => {
  const lock = new AddonLock();
  const other = new AddonLock(lock.memory);
  expect(lock.load(() => other.close())).toBe(true);
  expect(other.close()).toBe(false);
});

test('a load that throws leaves the lock as it was', () => {
  const lock = new AddonLock();
  expect(() =>
    lock.load(() => {
      throw new Error('no addon');
    }),
  ).toThrow('no addon');
  expect(lock.close()).toBe(false);
});
