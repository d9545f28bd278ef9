import { expect, test } from 'vitest';
import { addBundle, bundlesOfOthers, exclusive, removeBundles } from './turns.ts';

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

test('a build is told the files of other builds into its output, until these end', () => {
  const [one, other] = [{}, {}];
  addBundle('/dist', one, ['a.js']);
  addBundle('/dist', other, ['b.js']);
  addBundle('/dist', other, ['b.js', 'c.js']);
  addBundle('/elsewhere', other, ['d.js']);
  expect(bundlesOfOthers('/dist', one)).toEqual(['b.js', 'c.js']);
  expect(bundlesOfOthers('/dist', other)).toEqual(['a.js']);
  expect(bundlesOfOthers('/dist', {})).toEqual(['a.js', 'b.js', 'c.js']);
  removeBundles(other);
  expect(bundlesOfOthers('/dist', one)).toEqual([]);
  expect(bundlesOfOthers('/elsewhere', one)).toEqual([]);
  removeBundles(one);
});
