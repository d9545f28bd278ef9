import { expect, test } from 'vitest';
import { exclusive } from './exclusive.ts';

test('what has one key runs one after the other, also after one that failed; other keys do not wait', async () => {
  const log: string[] = [];
  let end: () => void = () => {};
  const first = exclusive('a', async () => {
    log.push('first begins');
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    log.push('first ends');
    throw new Error('on purpose');
  });
  const second = exclusive('a', async () => void log.push('second'));
  await exclusive('b', async () => void log.push('other key'));
  end();
  await expect(first).rejects.toThrow('on purpose');
  await second;
  expect(log).toEqual(['first begins', 'other key', 'first ends', 'second']);
  expect(await exclusive('a', async () => 1)).toBe(1);
});
