import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type TreeSpec, writeTree } from '../support/trees.ts';

const made: string[] = [];

afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A project that can import the packages that are installed in this directory. */
export function makeProject(tree: TreeSpec): string {
  const cache = join(import.meta.dirname, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(cache, 'project-'));
  made.push(root);
  return writeTree(root, tree);
}
