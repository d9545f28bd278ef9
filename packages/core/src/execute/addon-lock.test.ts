import { expect, test } from 'vitest';
import { AddonLock } from './addon-lock.ts';

test('what is loaded passes, until the gate is closed', () => {
  const gate = new AddonLock();
  const other = new AddonLock(gate.memory);
  expect(gate.pass(() => 'loaded')).toBe('loaded');
  expect(other.close()).toBe(false);
  expect(gate.pass(() => 'loaded')).toBeUndefined();
});

test('who closes it is told of what is being loaded', () => {
  const gate = new AddonLock();
  const other = new AddonLock(gate.memory);
  expect(gate.pass(() => other.close())).toBe(true);
  expect(other.close()).toBe(false);
});

test('a load that throws leaves the gate as it was', () => {
  const gate = new AddonLock();
  expect(() =>
    gate.pass(() => {
      throw new Error('no addon');
    }),
  ).toThrow('no addon');
  expect(gate.close()).toBe(false);
});
