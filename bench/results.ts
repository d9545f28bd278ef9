import type { Series } from './harness.ts';
import type { Chapter, Scale } from './rows/row.ts';
import type { BenchKind } from './stage.ts';
import type { Verdict } from './targets.ts';

/** What one row gave on one filesystem. */
export interface Measurement {
  chapter: Chapter;
  filesystem: BenchKind;
  work: string;
  volume: string;
  title: string;
  scale?: Scale;
  series: Series[];
  verdicts: Verdict[];
}

/** Everything one run of the benchmark found, as it is written to a file. */
export interface Results {
  machine: Record<string, string>;
  /** Less of everything: the figures mean nothing. */
  quick: boolean;
  measurements: Measurement[];
}
