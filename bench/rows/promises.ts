import * as ours from '../contenders/engine.ts';
import { archivedByCp, archivedByUs, besideCp, cp, floor, floorName } from '../contenders/programs.ts';
import * as vite from '../contenders/vite.ts';
import type { BenchKind, VolumeName } from '../stage.ts';
import { atMost, atMostMore, faster, within } from '../targets.ts';
import type { Row } from './row.ts';

type Promised = Omit<Row, 'chapter' | 'warmUps'>;

const SMALL = '5,000 files of 0.2-32 KiB in 50 folders';
const LARGE = '8 files of 200 MB';

/** V8 compiles a worker's hot code during its first three copies of this size. */
const WARM_UPS = 3;

/** What the engine promises on each filesystem. */
export function promises(kind: BenchKind): Row[] {
  return rowsFor(kind).map((row) => ({ chapter: 'promises', warmUps: WARM_UPS, ...row }));
}

function rowsFor(kind: BenchKind): Promised[] {
  if (kind === 'tmpfs') return [];
  return [
    small(kind),
    cold(kind),
    second,
    ...(kind === 'ext4' ? [medium] : []),
    kind === 'ext4' ? largeCopied : largeCloned,
    ...(clones(kind) ? [archive] : []),
    memory('small', SMALL),
    memory('large', LARGE),
    thread('small', SMALL),
    thread('large', LARGE),
  ];
}

const clones = (kind: BenchKind) => kind !== 'ext4';

const smallTargets: Record<'ext4' | 'xfs' | 'btrfs', { vite: number; cp: number }> = {
  ext4: { vite: 3.5, cp: 1.7 },
  xfs: { vite: 2, cp: 1.5 },
  btrfs: { vite: 1.4, cp: 1.1 },
};

function small(kind: keyof typeof smallTargets): Promised {
  const program = clones(kind) ? cp('--reflink=auto') : cp();
  return {
    work: 'small',
    title: `${SMALL}, workers started`,
    volume: 'small',
    contenders: async (stage) => [
      ours.warm(await stage.engine()),
      // Beside it, because a process that builds once never gets as far as compiled code.
      ours.first,
      vite.copy(await stage.vite()),
      program,
      floor(stage.floor, clones(kind) ? 'clone' : 'read_write'),
    ],
    targets: [
      faster('ours', "Vite's copy", smallTargets[kind].vite),
      faster('ours', program.name, smallTargets[kind].cp),
      within('ours', floorName, 1.2),
    ],
  };
}

function cold(kind: BenchKind): Promised {
  const parts = ['inside', 'spawn to exit'];
  const target = (part: string) => faster(`ours, cold: ${part}`, `Vite's copy, cold: ${part}`, 2);
  return {
    work: 'cold',
    title: `${SMALL}, cold process`,
    volume: 'small',
    contenders: () => [ours.cold, vite.coldCopy],
    targets: kind === 'ext4' ? parts.map(target) : [],
  };
}

/**
 * To create and to clone files is most of what cp(1) does, and takes us as long. The start of Node.js and the work on each
 * directory come on top: so one thread cannot reach cp(1) where the calls are as fast as on XFS.
 */
const archive: Promised = {
  work: 'archive',
  title: '20,000 files of 0.2-16 KiB in 2,500 folders, with symbolic and hard links, whole processes',
  volume: 'modules',
  contenders: () => [archivedByUs, archivedByCp],
  targets: [within(archivedByUs.name, archivedByCp.name, 1)],
};

const second: Promised = {
  work: 'second',
  title: `${SMALL}, second run, nothing changed`,
  volume: 'small',
  contenders: async (stage) => [ours.twice(await stage.engine()), vite.emptyAndCopy(await stage.vite())],
  targets: [
    faster('ours, second run', 'ours, first run', 5),
    faster('ours, second run', "Vite's empty + copy", 20),
  ],
};

const medium: Promised = {
  work: 'medium',
  title: '400 files of 0.2-2 MB, workers started',
  volume: 'medium',
  contenders: async (stage) => [ours.warm(await stage.engine()), vite.copy(await stage.vite()), cp()],
  targets: [faster('ours', "Vite's copy", 2), faster('ours', 'cp -r', 1.7)],
};

const largeCloned: Promised = {
  work: 'large',
  title: `${LARGE}, workers started`,
  volume: 'large',
  countNewData: true,
  contenders: async (stage) => [ours.warm(await stage.engine()), cp('--reflink=auto'), cp('--reflink=never')],
  // The metadata of the new files takes a few blocks too.
  targets: [faster('ours', 'cp -r --reflink=never', 100), atMost('ours: new data', 1, 'MB')],
};

const largeCopied: Promised = {
  work: 'large',
  title: `${LARGE}, workers started`,
  volume: 'large',
  contenders: async (stage) => [ours.warm(await stage.engine()), vite.copy(await stage.vite()), cp()],
  targets: [faster('ours', 'cp -r', 1)],
};

const memory = (volume: VolumeName, title: string): Promised => ({
  work: 'memory',
  title: `memory of a process that copies ${title}`,
  volume,
  contenders: () => [ours.memory, ours.memoryWithout],
  targets: [atMostMore('ours, peak', 'imported only, peak', 40, 'MB')],
});

const thread = (volume: VolumeName, title: string): Promised => ({
  work: 'thread',
  title: `longest time the JS thread is held up by ${title}`,
  volume,
  contenders: async (stage) => [
    ours.watched(await stage.engine()),
    ours.watchedCold,
    vite.watchedCopy,
    besideCp,
  ],
  targets: [atMost('ours, workers started', 20, 'ms'), atMost('ours, cold process', 20, 'ms')],
});
