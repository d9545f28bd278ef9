import { createRequire } from 'node:module';
import { importing } from '../contenders/imports.ts';
import { findNode, nodeMajors } from '../nodes.ts';
import type { BenchKind } from '../stage.ts';
import type { Row } from './row.ts';

/** What a bundler loads with its config, and a program before its first copy. The filesystem does not count. */
export function startup(kind: BenchKind): Row[] {
  if (kind !== 'ext4') return [];
  return nodeMajors.map((node) => ({
    chapter: 'startup',
    work: 'imports',
    title: 'imports in a fresh process, less an empty process',
    volume: 'one file',
    node,
    rounds: 15,
    contenders: () => [
      ...entries().map((entry) => importing(entry, findNode(node))),
      importing('fs-reflink', findNode(node)),
      importing('fs-reflink', findNode(node), { copies: true }),
    ],
    targets: [],
  }));
}

/** The entry of each bundler. */
function entries(): string[] {
  const { exports } = createRequire(import.meta.url)('unplugin-reflink/package.json');
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => `unplugin-reflink${path.slice(1)}`);
}
