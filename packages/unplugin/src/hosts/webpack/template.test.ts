import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasOtherPlaceholders, interpolate, isTemplate } from './template.ts';

test.each([
  ['[name].js', true],
  ['[contenthash:8]', true],
  ['a/[path][base]', true],
  ['[\\name\\]', true],
  ['name.js', false],
  ['[a b]', false],
  ['[]', false],
  [undefined, false],
  [() => '[name]', false],
])('%o is a template: %j', (name, expected) => expect(isTemplate(name)).toBe(expected));

test.each([
  ['new/[id].html', '[id].html', false],
  ['new/[id].[hash].html', '[id].html', true],
  ['new/a.html', 'a.html', false],
  [3, 'a.html', false],
])('%o, made of %j, has placeholders of its own: %j', (name, path, expected) =>
  expect(hasOtherPlaceholders(name, path)).toBe(expected),
);

/** A compilation that returns the template and the data that it was given. */
const compilation = {
  compiler: { context: '/root', webpack: { util: { createHash: () => createHash('sha256') } } },
  outputOptions: { hashDigest: 'hex', hashDigestLength: 8, hashFunction: 'sha256', hashSalt: undefined },
  getPathWithInfo: (template: string, data: object) => ({ path: template, info: data }),
} as never;
const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

test('only a template that asks for a hash has the file read, and once for the same source', async () => {
  const root = mkdtempSync(join(tmpdir(), 'reflink-template-'));
  try {
    const file = join(root, 'a.txt');
    writeFileSync(file, 'content');
    const named = { below: 'deep/a.txt', file, source: {} as never, content: undefined };
    const plain = await interpolate('[name][ext]', { ...named, file: '/no/such/file' }, compilation);
    expect(plain.info).toEqual({ filename: 'deep/a.txt' });
    const hashed = await interpolate('[contenthash]', named, compilation);
    expect(hashed.info).toMatchObject({
      contentHash: sha('content'),
      chunk: { name: 'a', hash: sha('content') },
    });
    writeFileSync(file, 'changed');
    expect((await interpolate('[hash]', named, compilation)).info).toMatchObject({
      contentHash: sha('content'),
    });
    const made = { ...named, source: {} as never, content: Buffer.from('made') };
    expect((await interpolate('[hash]', made, compilation)).info).toMatchObject({ contentHash: sha('made') });
  } finally {
    rmSync(root, { recursive: true });
  }
});
