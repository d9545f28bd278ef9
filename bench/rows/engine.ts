import * as ours from '../contenders/engine.ts';
import { cpProgram, type Library, libraries, peer } from '../contenders/peers.ts';
import { floor } from '../contenders/programs.ts';
import { findNode, type NodeMajor, nodeMajors } from '../nodes.ts';
import { type BenchKind, clones } from '../stage.ts';
import { engineRules, engineTargets, LOOP } from '../targets.ts';
import type { Row } from './row.ts';

type Work = Pick<Row, 'work' | 'title' | 'volume' | 'aged' | 'rounds'> & {
  on?: BenchKind[];
  contenders?: (kind: BenchKind, node: NodeMajor) => Row['contenders'];
};

const ASYNCHRONOUS = 'fs.cp, fs-extra, cpy and @reflink/reflink';
const SMALL = '5,000 files of 0.2-32 KiB';

const works: Work[] = [
  { work: 'fresh small', title: SMALL, volume: 'small' },
  { work: 'fresh assets', title: '4,200 real assets, 246 MB', volume: 'assets' },
  {
    work: 'fresh large',
    title: '4 files of 200 MB, cloned',
    volume: 'four large',
    on: ['btrfs', 'xfs'],
    // As the assets of a project are.
    aged: true,
  },
  { work: 'fresh 20 files', title: '20 files of 10 KB', volume: 'site' },
  {
    work: 'fresh second',
    title: `${SMALL}, copied again, nothing changed; ours with a manifest; ${ASYNCHRONOUS} left out, they copy all again`,
    volume: 'small',
    contenders: (kind, node) => () => [
      named('ours', 'ours', 'unchanged', node),
      named("ours, overwrite: 'changed'", "ours, overwrite: 'changed'", 'unchanged', node),
      named(LOOP, LOOP, 'unchanged', node),
      { ...named('fs.cpSync', 'fs.cpSync', 'unchanged', node), slow: true },
      { ...cpProgram(clones(kind), 'unchanged'), slow: true },
    ],
  },
  {
    work: 'fresh many',
    title: `100,000 files of 4 KiB in 1,000 directories; ${ASYNCHRONOUS} left out, they take minutes`,
    volume: 'files-100k',
    on: ['ext4', 'tmpfs'],
    contenders: (kind, node) => () => [
      named('ours', 'ours, no manifest', 'first', node),
      named(LOOP, LOOP, 'first', node),
      { ...named('fs.cpSync', 'fs.cpSync', 'first', node), slow: true },
      { ...cpProgram(clones(kind), 'first'), slow: true },
    ],
  },
  {
    work: 'fresh third',
    title: `${SMALL}, third copy of one process, workers started`,
    volume: 'small',
    contenders: (kind, node) => (stage) => [
      ours.third(findNode(node)),
      floor(stage.floor, clones(kind) ? 'clone' : 'read_write'),
    ],
  },
];

/** The engine beside Vite's loop and its peers: fresh processes that import what they copy with, by two Node.js. */
export function engine(kind: BenchKind): Row[] {
  return works
    .filter(({ on }) => on?.includes(kind) ?? true)
    .flatMap(({ on, contenders = firstCopy, ...work }) =>
      nodeMajors.map((node) => ({
        chapter: 'engine',
        rounds: 7,
        // Fresh processes: nothing stays warm but the page cache.
        warmUps: 0,
        ...work,
        node,
        contenders: contenders(kind, node),
        targets: engineRules(
          engineTargets[work.work]?.[kind] ?? {},
          node,
          cpProgram(clones(kind), 'first').name,
        ),
      })),
    );
}

function firstCopy(kind: BenchKind, node: NodeMajor): Row['contenders'] {
  return () => [
    named('ours', 'ours, no manifest', 'first', node),
    ...libraries.slice(1).map((library) => named(library, library, 'first', node)),
    cpProgram(clones(kind), 'first'),
  ];
}

/** By the time that it runs, that Node.js is here. */
function named(name: string, library: Library, occasion: 'first' | 'unchanged', node: NodeMajor) {
  return peer(library, occasion, { name, node: findNode(node) });
}
