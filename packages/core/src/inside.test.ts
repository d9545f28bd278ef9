import { expect, test } from 'vitest';
import { isInside } from './inside.ts';

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b/c', true],
  ['/a', '/a/..b', true],
  ['/a', '/a/.b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
  ['/', '/a', true],
  ['/', '/', true],
  ['/a/', '/a/b', true],
  ['/a', '/a/', true],
  ['/a//b', '/a/b/c', true],
  ['/a/./b', '/a/b', true],
  ['/a/b/..', '/a/c', true],
  ['/a', '/a/b/../../c', false],
  ['/a/...', '/a/.../b', true],
])('in %j lies %j: %j', (outer, inner, expected) => expect(isInside(outer, inner)).toBe(expected));
