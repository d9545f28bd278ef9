import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { describeExample, METHOD, startServer, visit } from './example.ts';

describeExample(
  {
    name: 'astro',
    title: 'Astro',
    command: ['node_modules/astro/bin/astro.mjs', 'build'],
    made: ['dist', 'dist-server', '.astro', 'node_modules/.vite', 'node_modules/.astro'],
    site: 'dist',
    summary: 'public, targets → dist',
    second: 'unchanged',
    beforeSecond: (root) => writeFileSync(join(root, 'dist/stale.html'), 'an earlier build'),
  },
  ({ root, build }, printed) => {
    test('what no build writes any more is deleted', () => {
      expect(printed.second).toContain('→ ');
      expect(existsSync(join(root, 'dist/stale.html'))).toBe(false);
      expect(existsSync(join(root, 'dist/index.html'))).toBe(true);
      expect(existsSync(join(root, 'dist/.prerender'))).toBe(false);
    });

    test("in a site with a server, the browser's files stay where unchanged, all else is written again, and the server sends them", async () => {
      const output = join(root, 'dist-server');
      const files = ['robots.txt', 'images/logo.svg', 'data/greeting.json'];
      const states = () => files.map((name) => statSync(join(output, 'client', name), { bigint: true }));
      const first = await build('--config', 'server.config.mjs');
      expect(first).toMatch(
        new RegExp(`public, targets → dist-server/client: 3 copied \\(\\S+ \\S+, ${METHOD} 3\\)`),
      );
      const before = states();
      const entry = statSync(join(output, 'server/entry.mjs'), { bigint: true });
      const stale = ['stale.txt', 'server/stale.mjs', 'client/stale.txt'].map((name) => join(output, name));
      for (const each of stale) writeFileSync(each, 'an earlier build');
      await pastTick();

      const second = await build('--config', 'server.config.mjs');
      expect(second).toMatch(/public, targets → dist-server\/client: 1 deleted, 3 unchanged/);
      expect(stale.filter((each) => existsSync(each))).toEqual([]);
      for (const [position, { ino, ctimeNs }] of states().entries())
        expect({ ino, ctimeNs }).toEqual({
          ino: before[position]!.ino,
          ctimeNs: before[position]!.ctimeNs,
        });
      expect(statSync(join(output, 'server/entry.mjs'), { bigint: true }).ctimeNs).not.toBe(entry.ctimeNs);

      const { origin, stop } = await startServer({ root, build }, 'dist-server/server/entry.mjs');
      try {
        const { bodies, problems, greeting } = await visit(origin, '/', ['/data/greeting.json']);
        expect(bodies['/data/greeting.json']).toBe(readFileSync(join(root, 'assets/greeting.json'), 'utf8'));
        expect({ problems, greeting }).toEqual({ problems: [], greeting: 'copied by unplugin-reflink' });
      } finally {
        await stop();
      }
    });
  },
);
