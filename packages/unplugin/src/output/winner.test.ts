import { expect, test } from 'vitest';
import { type Contender, contenderOf, winnerOf, winnerOverBundle } from './winner.ts';

const bundle: Contender = { origin: 'bundle' };
const publicFile = contenderOf(undefined);
const target = contenderOf({});
const changed = contenderOf({ overwrite: 'changed' });
const keeping = contenderOf({ overwrite: false });
const refusing = contenderOf({ overwrite: 'error' });

test.each<[earlier: string, one: Contender, later: string, other: Contender, winner: string]>([
  ['a public file', publicFile, 'another public file', publicFile, 'later'],
  ['a public file', publicFile, 'the bundle', bundle, 'later'],
  ['the bundle', bundle, 'a public file', publicFile, 'earlier'],
  ['a public file', publicFile, 'a target', target, 'later'],
  ['a target', target, 'a public file', publicFile, 'earlier'],
  ['the bundle', bundle, 'a target', target, 'later'],
  ['a target', target, 'the bundle', bundle, 'earlier'],
  ['a target', target, 'a later target', target, 'later'],
  ['the bundle', bundle, "a target with overwrite: 'changed'", changed, 'later'],
  ['a public file', publicFile, 'a target with overwrite: false', keeping, 'earlier'],
  ['the bundle', bundle, 'a target with overwrite: false', keeping, 'earlier'],
  ['a target with overwrite: false', keeping, 'the bundle', bundle, 'later'],
  ['a target', target, 'a later target with overwrite: false', keeping, 'earlier'],
  ['a target with overwrite: false', keeping, 'a later target', target, 'later'],
  ['a public file', publicFile, "a target with overwrite: 'error'", refusing, 'error'],
  ['the bundle', bundle, "a target with overwrite: 'error'", refusing, 'error'],
  ["a target with overwrite: 'error'", refusing, 'the bundle', bundle, 'error'],
  ['a target', target, "a later target with overwrite: 'error'", refusing, 'error'],
  ["a target with overwrite: 'error'", refusing, 'a later target', target, 'later'],
])('one name for $0 and $2: $4', (_earlier, one, _later, other, winner) => {
  expect(winnerOf(one, other)).toBe(winner);
});

test.each<[Contender, string]>([
  [publicFile, 'bundle'],
  [target, 'ours'],
  [keeping, 'bundle'],
  [refusing, 'error'],
])('%j against the bundle: %s', (ours, winner) => {
  expect(winnerOverBundle(ours)).toBe(winner);
});
