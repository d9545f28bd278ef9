import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeExample, startServer } from './example.ts';

const OUTPUT = '.output/public';
const RENDERED = 'public/about';

describeExample(
  {
    name: 'nuxt',
    title: 'Nuxt',
    command: ['node_modules/nuxt/bin/nuxt.mjs', 'build'],
    made: ['.output', '.nuxt', '.data', 'server', 'node_modules/.cache', RENDERED],
    site: OUTPUT,
    summary: 'unplugin-reflink: public, targets → .output/public',
    start: (built) => startServer(built, '.output/server/index.mjs'),
    second: 'unchanged',
    beforeSecond(root) {
      mkdirSync(join(root, OUTPUT, 'old/er'), { recursive: true });
      writeFileSync(join(root, OUTPUT, 'old/er/stale.txt'), 'an earlier build');
      mkdirSync(join(root, RENDERED));
      writeFileSync(join(root, RENDERED, 'index.html'), 'public');
      writeFileSync(join(root, RENDERED, 'other.txt'), 'public');
    },
  },
  ({ root }, printed) => {
    const output = join(root, OUTPUT);

    test('what no build writes any more is deleted', () => {
      expect(printed.second).toContain('unplugin-reflink');
      expect(existsSync(join(output, 'old'))).toBe(false);
    });

    test('a page that Nuxt has rendered is kept over a public file', () => {
      expect(printed.second).toMatch(
        /unplugin-reflink: about\/index\.html is both in .*; the bundle.s is kept/,
      );
      expect(readFileSync(join(output, 'about/index.html'), 'utf8')).toContain('unplugin-reflink with Nuxt');
      expect(readFileSync(join(output, 'about/other.txt'), 'utf8')).toBe('public');
      const { id } = JSON.parse(readFileSync(join(output, '_nuxt/builds/latest.json'), 'utf8'));
      const meta = readFileSync(join(output, `_nuxt/builds/meta/${id}.json`), 'utf8');
      // Nuxt writes this file when the pages are rendered, shortly before the copy.
      expect(JSON.parse(meta).prerendered).toEqual(['/about']);
    });
  },
);
