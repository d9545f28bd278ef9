import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeExample, METHOD } from './example.ts';

describeExample(
  {
    name: 'electron-vite',
    title: 'electron-vite',
    command: ['node_modules/electron-vite/bin/electron-vite.js', 'build'],
    made: ['out', 'node_modules/.vite', 'src/renderer/node_modules'],
    site: 'out/renderer',
    publicDir: 'src/renderer/public',
    summary: 'public, targets → ../../out/renderer',
    second: 'unchanged',
  },
  ({ root, build }, printed) => {
    test('targets of the main process go to its output, and stay there', async () => {
      expect(printed.first).toMatch(
        new RegExp(`^targets → out/main: 1 copied \\(\\S+ B, ${METHOD} 1\\)`, 'm'),
      );
      const source = readFileSync(join(root, 'assets/greeting.json'), 'utf8');
      expect(readFileSync(join(root, 'out/main/data/greeting.json'), 'utf8')).toBe(source);
      expect(await build()).toMatch(/^targets → out\/main: 1 unchanged/m);
    });
  },
);
