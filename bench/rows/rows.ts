import type { NodeMajor } from '../nodes.ts';
import type { BenchKind } from '../stage.ts';
import { engine } from './engine.ts';
import { hosts } from './hosts.ts';
import { imported } from './imported.ts';
import { peers } from './peers.ts';
import { promises } from './promises.ts';
import type { Chapter, Row } from './row.ts';
import { scales } from './scale.ts';
import { startup } from './startup.ts';

const rowsOf: Record<Chapter, (kind: BenchKind) => Row[]> = {
  engine,
  startup,
  promises,
  peers,
  hosts,
  imported,
  scale: scales,
};

export interface Wanted {
  chapters: string[];
  /** Every one where there is none. */
  works: string[];
  nodes: NodeMajor[];
}

/** What is measured on a filesystem, in the order in which it is. */
export function rowsOn(kind: BenchKind, wanted: Wanted): Row[] {
  return (Object.keys(rowsOf) as Chapter[])
    .filter((chapter) => wanted.chapters.includes(chapter))
    .flatMap((chapter) => rowsOf[chapter](kind))
    .filter(({ node }) => node === undefined || wanted.nodes.includes(node))
    .filter(({ work }) => wanted.works.length === 0 || wanted.works.includes(work));
}

export function allWorks(kinds: BenchKind[]): string[] {
  const rows = kinds.flatMap((kind) => Object.values(rowsOf).flatMap((of) => of(kind)));
  return [...new Set(rows.map(({ work }) => work))];
}
