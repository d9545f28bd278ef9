import type { BenchKind } from '../stage.ts';
import { hosts } from './hosts.ts';
import { peers } from './peers.ts';
import { promises } from './promises.ts';
import type { Chapter, Row } from './row.ts';
import { scales } from './scale.ts';

const rowsOf: Record<Chapter, (kind: BenchKind) => Row[]> = { promises, peers, hosts, scale: scales };

/** What is measured on a filesystem, in the order in which it is. */
export function rowsOn(kind: BenchKind, wanted: { chapters: string[]; works: string[] }): Row[] {
  return (Object.keys(rowsOf) as Chapter[])
    .filter((chapter) => wanted.chapters.includes(chapter))
    .flatMap((chapter) => rowsOf[chapter](kind))
    .filter(({ work }) => wanted.works.length === 0 || wanted.works.includes(work));
}

export function allWorks(kinds: BenchKind[]): string[] {
  const rows = kinds.flatMap((kind) => Object.values(rowsOf).flatMap((of) => of(kind)));
  return [...new Set(rows.map(({ work }) => work))];
}
