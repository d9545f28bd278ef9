import type { Series } from './harness.ts';
import type { NodeMajor } from './nodes.ts';
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
  node?: NodeMajor;
  scale?: Scale;
  series: Series[];
  verdicts: Verdict[];
}

/** The same work is measured in more than one Node.js. */
export const titleOf = ({ title, node }: Pick<Measurement, 'title' | 'node'>): string =>
  node ? `${title}, Node.js ${node}` : title;

/** Everything one run of the benchmark found, as it is written to a file. */
export interface Results {
  machine: Record<string, string>;
  /** Less of everything: the figures mean nothing. */
  quick: boolean;
  /** What was asked for and could not be measured, each with its reason. */
  missing?: string[];
  measurements: Measurement[];
}
