import { peerContenders } from '../contenders/peers.ts';
import { type BenchKind, clones, type VolumeName } from '../stage.ts';
import type { Row } from './row.ts';

type Occasion = Parameters<typeof peerContenders>[1];

/** Ways to copy a directory beside each other, each in a process of its own. */
export function peers(kind: BenchKind): Row[] {
  const row = (work: string, volume: VolumeName, title: string, occasion: Occasion): Row => ({
    chapter: 'peers',
    work,
    title: `${title}, fresh processes`,
    volume,
    countNewData: occasion === 'first',
    // As the assets of a project are.
    aged: volume === 'large' && clones(kind),
    rounds: 3,
    // Fresh processes: nothing stays warm but the page cache.
    warmUps: 0,
    contenders: () => peerContenders(kind, occasion),
    targets: [],
  });
  const assets = '4,200 real assets, 246 MB';
  return [
    row('many small', 'small', '5,000 files of 0.2-32 KiB', 'first'),
    row('assets', 'assets', assets, 'first'),
    // Twice this size would not fit into the memory of a small machine.
    ...(kind === 'tmpfs' ? [] : [row('few large', 'large', '8 files of 200 MB', 'first')]),
    row('unchanged', 'assets', `${assets}, copied again, nothing changed`, 'unchanged'),
    row('one changed', 'assets', `${assets}, copied again, one file changed`, 'changed'),
  ];
}
