import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { describeExample } from './example.ts';

describeExample(
  {
    name: 'turborepo',
    title: 'Vite with Turborepo',
    command: ['node_modules/turbo/bin/turbo', 'run', 'build', '--cache-dir', 'node_modules/.cache/turbo'],
    made: ['dist', '.turbo', 'node_modules/.vite', 'node_modules/.cache'],
    site: 'dist',
    summary: 'public, targets → dist',
    second: undefined,
  },
  ({ root, build }) => {
    const sources = new Map(
      ['index.html', 'public/robots.txt'].map((name) => [name, readFileSync(join(root, name), 'utf8')]),
    );
    const edit = (name: string, change: (content: string) => string) =>
      writeFileSync(join(root, name), change(sources.get(name)!));
    const copied = () => readFileSync(join(root, 'dist/robots.txt'), 'utf8');
    const inode = () => statSync(join(root, 'dist/robots.txt')).ino;
    afterEach(() => {
      for (const [name, content] of sources) writeFileSync(join(root, name), content);
    });

    test('what Turborepo restores is not taken for what the last build has copied', async () => {
      const first = sources.get('public/robots.txt')!;
      // The new content has the same size.
      const second = first.replace('Allow', 'Other');
      await pastTick();
      edit('public/robots.txt', () => second);
      await pastTick();
      expect(await build()).toContain('cache miss');
      expect(copied()).toBe(second);
      // The record of what was copied is from the second build, and the restored output from the first one.
      edit('public/robots.txt', () => first);
      rmSync(join(root, 'dist'), { recursive: true });
      expect(await build()).toContain('cache hit');
      expect(copied()).toBe(first);
      // Now only the page has changed. The restored file is copied again, because no record says where it comes from.
      edit('index.html', (page) => page.replace('<title>', '<title>Third '));
      const restored = inode();
      const printed = await build();
      expect(printed).toContain('cache miss');
      expect(printed).toMatch(/public, targets → dist: 3 copied/);
      expect(inode()).not.toBe(restored);
      expect(copied()).toBe(first);
    });

    test('without a record, as on another machine, the restored output is copied again', async () => {
      rmSync(join(root, 'dist'), { recursive: true });
      expect(await build()).toContain('cache hit');
      rmSync(join(root, 'node_modules/.vite'), { recursive: true, force: true });
      writeFileSync(join(root, 'dist/stale.txt'), 'of another revision');
      edit('index.html', (page) => page.replace('<title>', '<title>Fourth '));
      expect(await build()).toMatch(/public, targets → dist: 3 copied/);
      expect(() => statSync(join(root, 'dist/stale.txt'))).toThrow();
    });
  },
);
