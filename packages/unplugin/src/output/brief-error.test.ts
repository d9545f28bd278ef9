import { CopyError } from 'fs-reflink/host';
import { expect, test } from 'vitest';
import { brief } from './brief-error.ts';

const failure = (cause: unknown) =>
  new CopyError({ code: 'EACCES', reason: 'no', source: '/a', destination: '/b', cause });

test('the error of a copy has no stack and no failed system call, whose message it has', () => {
  const error = brief(failure(Object.assign(new Error('open'), { errno: -13 })));
  expect(error.message).toContain('EACCES');
  expect(error.stack).toBe('');
  expect(error).not.toHaveProperty('cause');
});

test("what a user's function threw stays whole", () => {
  const thrown = new Error('on purpose');
  expect(brief(failure(thrown)).cause).toBe(thrown);
  expect(brief(thrown)).toBe(thrown);
  expect(thrown.stack).toContain('on purpose');
});

test('what the engine says of a value that a function returned has no stack of ours', () => {
  const error = brief(new TypeError('fs-reflink: rename must return a path, got "" for "a.txt"'));
  expect(error.message).toContain('rename must return a path');
  expect(error.stack).toBe('');
  expect(brief(new TypeError('on purpose')).stack).toContain('brief-error.test');
});
