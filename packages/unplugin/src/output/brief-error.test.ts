import { CopyError } from 'fs-reflink/host';
import { expect, test } from 'vitest';
import { briefly } from './brief-error.ts';

const failure = (cause: unknown) =>
  new CopyError({ code: 'EACCES', reason: 'no', source: '/a', destination: '/b', cause });

async function rejected(error: unknown): Promise<Error> {
  return briefly(Promise.reject(error)).then(
    () => new Error('it did not reject'),
    (thrown) => thrown,
  );
}

test('the error of a copy has no stack and no failed system call, whose message it has', async () => {
  const error = await rejected(failure(Object.assign(new Error('open'), { errno: -13 })));
  expect(error.message).toContain('EACCES');
  expect(error.stack).toBe('');
  expect(error).not.toHaveProperty('cause');
});

test("what a user's function threw stays whole", async () => {
  const thrown = new Error('on purpose');
  const error = await rejected(failure(thrown));
  expect(error.cause).toBe(thrown);
  expect(await rejected(thrown)).toBe(thrown);
  expect(thrown.stack).toContain('on purpose');
});

test('what the engine says of a value that a function returned has no stack of ours', async () => {
  const error = await rejected(new TypeError('fs-reflink: rename must return a path, got "" for "a.txt"'));
  expect(error.message).toContain('rename must return a path');
  expect(error.stack).toBe('');
  const thrown = new TypeError('on purpose');
  expect((await rejected(thrown)).stack).toContain('brief-error.test');
});

test('an outcome without an error is left as it is', async () =>
  expect(await briefly(Promise.resolve(1))).toBe(1));
