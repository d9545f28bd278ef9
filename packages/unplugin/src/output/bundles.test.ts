import { expect, test } from 'vitest';
import { addBundle, bundlesOfOthers, removeBundles } from './bundles.ts';

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
