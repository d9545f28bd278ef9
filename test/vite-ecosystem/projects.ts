import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type TreeSpec, writeTree } from '../support/trees.ts';

/** A project that can import the packages that are installed in this directory. */
export function makeProject(tree: TreeSpec): string {
  const cache = join(import.meta.dirname, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(cache, 'project-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return writeTree(root, tree);
}
