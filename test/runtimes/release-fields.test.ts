import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fillFields } from '../../release/fields.js';
import { writeTree } from '../support/trees.ts';

let root: string;
const filled = {
  repository: 'git+https://example.org/a.git',
  homepage: 'https://example.org',
  bugs: 'https://example.org/issues',
};
const write = (fields: object) =>
  writeTree(root, {
    'package.json': JSON.stringify(fields),
    'packages/core/package.json': '{ "name": "a", "version": "1.0.0" }',
    'packages/unplugin/package.json': '{ "name": "b" }',
  });
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fs-reflink-release-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('a release gives both packages the fields of the repository', () => {
  write(filled);
  fillFields(pathToFileURL(`${root}/`));
  expect(JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'))).toEqual({
    name: 'a',
    version: '1.0.0',
    repository: { type: 'git', url: filled.repository, directory: 'packages/core' },
    homepage: filled.homepage,
    bugs: { url: filled.bugs },
  });
});

test.each(Object.keys(filled))('a release without %s is refused', (name) => {
  write({ ...filled, [name]: '' });
  expect(() => fillFields(pathToFileURL(`${root}/`))).toThrow(`fill in "${name}" in package.json`);
});
