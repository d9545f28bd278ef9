import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { readTree, type TreeSpec } from '../support/trees.ts';
import { configOf, describeWebpacks } from './hosts.ts';

const COUNT = 400;
const many: TreeSpec = Object.fromEntries(
  Array.from({ length: COUNT }, (_each, number) => [`many/sub/${number}.txt`, `file ${number}`]),
);

describeWebpacks(({ name }) => {
  const id = name === 'webpack 5' ? 'webpack' : 'webpack576';

  test.each([
    ['failed', COUNT],
    ['the callback', COUNT],
    ['done', COUNT],
    ['an uncaught error', COUNT],
    // While threads are copying.
    ['failed', 1],
    ['done', 1],
  ])(
    'a process that exits in %s leaves nothing of a copy that was begun early, %i files copied',
    (where, count) => {
      const root = makeProject(many);
      const before = readTree(join(root, 'many'));
      const settings = { id, config: configOf(root), options: { publicDir: 'many' }, where, count };
      const child = join(import.meta.dirname, 'exit-child.cjs');
      const { signal, status } = spawnSync(process.execPath, [child, JSON.stringify(settings)], {
        encoding: 'utf8',
        timeout: 50_000,
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      expect({ signal, status }).toEqual({ signal: null, status: where === 'an uncaught error' ? 1 : 3 });
      // The directory that another plugin has made, and nothing else.
      expect(readdirSync(join(root, 'dist'), { recursive: true })).toEqual(['logs']);
      expect(readTree(join(root, 'many'))).toEqual(before);
    },
  );
});
