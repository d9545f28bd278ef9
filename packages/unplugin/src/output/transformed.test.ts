import { expect, test } from 'vitest';
import { transformed } from './transformed.ts';

const file = { source: import.meta.filename, destination: '/dist/x.ts', path: 'x.ts' };

test('a transform gets the content, the absolute path of the file and its path below "to"', async () => {
  const transform = (content: Buffer, { source, path }: { source: string; path: string }) =>
    `${content.length > 0} ${source === file.source} ${path}`;
  expect(String(await transformed({ transform }, file))).toBe('true true x.ts');
});

test('a transform that fails is an error with the paths of the file', async () => {
  const transform = () => {
    throw new Error('on purpose');
  };
  await expect(transformed({ transform }, file)).rejects.toMatchObject({
    code: 'ERR_TRANSFORM',
    source: file.source,
    destination: file.destination,
    message: expect.stringContaining('the transform failed: on purpose'),
  });
});

test.each([[undefined], [null], [5], [[1, 2]], [new Uint16Array(2)], [new ArrayBuffer(2)]])(
  'a result of %o is refused, as the copy engine refuses it',
  async (made) => {
    await expect(transformed({ transform: () => made as never }, file)).rejects.toMatchObject({
      code: 'ERR_TRANSFORM',
      message: expect.stringContaining('it must return a string or bytes'),
    });
  },
);
