import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CopyEntry } from 'fs-reflink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { destinationDirectories } from './destinations.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-destinations-')));
  for (const name of ['dist/a/b/file.txt', 'dist/empty/.keep', 'else/file.txt', 'src/empty/.keep']) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[what: string, to: string, copied: string[], sources: string[], found: string[]]>([
  ['the output alone', '.', [], [], ['dist']],
  ['those of files, with all above them', '.', ['a/b/file.txt'], [], ['dist', 'dist/a', 'dist/a/b']],
  ['those without files', '.', [], ['empty'], ['dist', 'dist/empty']],
  ['none that are missing', 'missing', ['x/y.txt'], ['z'], ['dist']],
  ['that of a file that "to" names, outside', '../else/file.txt', ['../else/file.txt'], [], ['dist', 'else']],
])('directories to be watched are %s', (_what, to, copied, sources, found) => {
  const entries = copied.map(
    (name): CopyEntry => ({ destination: join(root, 'dist', name), action: 'copied', bytes: 0 }),
  );
  const pruned: CopyEntry = { destination: join(root, 'dist/empty/old'), action: 'pruned', bytes: 0 };
  const targets = { publicTargets: [], targets: [{ from: join(root, 'src'), to }] };
  const directories = destinationDirectories(
    { entries: [...entries, pruned] },
    targets,
    join(root, 'dist'),
    sources.map((name) => join(root, 'src', name)),
  );
  expect([...directories].sort()).toEqual(found.map((name) => join(root, name)));
});
