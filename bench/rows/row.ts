import type { Contender } from '../contenders/contender.ts';
import type { NodeMajor } from '../nodes.ts';
import type { Stage, VolumeName } from '../stage.ts';
import type { Target } from '../targets.ts';

export const chapters = ['engine', 'startup', 'promises', 'peers', 'hosts', 'imported', 'scale'] as const;
export type Chapter = (typeof chapters)[number];

/** One thing that is measured: contenders, what they copy, and what is to come of it. */
export interface Row {
  chapter: Chapter;
  work: string;
  title: string;
  volume: VolumeName;
  /** The Node.js that its contenders run in, where it is not the one that runs the benchmark. */
  node?: NodeMajor;
  countNewData?: boolean;
  /** Half a minute passes first, until when Linux may still have to write new files to the disk. */
  aged?: boolean;
  /** Where this many rounds are enough, or more would take too long. */
  rounds?: number;
  /** Rounds that do not count. @default 1 */
  warmUps?: number;
  /** How much of something there is, for the growth of the cost. */
  scale?: Scale;
  contenders(stage: Stage): Contender[] | Promise<Contender[]>;
  targets: Target[];
}

export interface Scale {
  of: 'files' | 'bytes';
  amount: number;
}
