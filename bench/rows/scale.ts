import { peer } from '../contenders/peers.ts';
import { cp } from '../contenders/programs.ts';
import { type BenchKind, clones, type VolumeName } from '../stage.ts';
import type { Row, Scale } from './row.ts';

const steps: [volume: VolumeName, title: string, scale: Scale][] = [
  ['files-1k', '1,000 files of 4 KiB', { of: 'files', amount: 1_000 }],
  ['files-10k', '10,000 files of 4 KiB', { of: 'files', amount: 10_000 }],
  ['files-100k', '100,000 files of 4 KiB', { of: 'files', amount: 100_000 }],
  ['bytes-100m', '8 files, 0.1 GB in all', { of: 'bytes', amount: 1e8 }],
  ['bytes-1g', '8 files, 1 GB in all', { of: 'bytes', amount: 1e9 }],
  ['bytes-10g', '8 files, 10 GB in all', { of: 'bytes', amount: 1e10 }],
];

/** How the cost grows with the number of files, and of bytes. */
export function scales(kind: BenchKind): Row[] {
  // 10 GB twice would not fit into the memory of a small machine.
  const fitting = steps.filter(([volume]) => kind !== 'tmpfs' || volume !== 'bytes-10g');
  return fitting.map(([volume, title, scale]) => ({
    chapter: 'scale',
    work: `scale of ${scale.of}`,
    title: `${title}, fresh processes`,
    volume,
    rounds: scale.amount === 1e10 ? 2 : 3,
    warmUps: scale.amount === 1e10 ? 0 : 1,
    scale,
    aged: scale.of === 'bytes' && clones(kind),
    contenders: () => [
      peer('ours', 'first'),
      peer("Vite's copy", 'first'),
      clones(kind) ? cp('--reflink=auto') : cp(),
    ],
    targets: [],
  }));
}
