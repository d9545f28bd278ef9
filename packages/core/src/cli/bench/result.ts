import type { Method } from '../../model/settings.ts';
import { bytes, counted, duration, methods, rate, table, wrap } from '../format.ts';
import type { Measured, Refused } from './measure.ts';

export interface BenchResult {
  /** Absolute path of the files; undefined if they were generated. */
  from: string | undefined;
  /** Absolute path of the directory that copies went to. */
  to: string;
  files: number;
  bytes: number;
  rounds: number;
  /** Whether times include waiting until the data is on the disk. */
  fsync: boolean;
  /** The method that others are compared with: one that copies every block. */
  baseline: Method;
  measured: Measured[];
  /** Methods that do not work between these places. */
  refused: Refused[];
}

const WIDTH = 79;

/** The result as lines of text. */
export function resultLines(result: BenchResult): string[] {
  const { from, to, files, bytes: size, rounds, fsync, baseline, measured, refused } = result;
  const reference = measured.find(({ method }) => method === baseline)?.median;
  const rows = measured.map(({ method, median, min, max }) => [
    method,
    duration(median),
    `${duration(min)} - ${duration(max)}`,
    rate(size, median),
    reference === undefined ? '' : `${(reference / median).toFixed(2)}x`,
  ]);
  const auto = measured.find(({ method }) => method === 'auto');
  return [
    `${counted(files, 'file')}, ${bytes(size)}, ${from ?? 'generated'} to ${to}`,
    `${counted(rounds, 'round')}; until ${fsync ? 'the data is on the disk' : 'the call returns, not until the data is on the disk'}`,
    '',
    ...table([['method', 'median', 'min - max', 'rate', `to ${baseline}`], ...rows], [1, 2, 3, 4]),
    '',
    ...(auto ? wrap(`auto, a copy without options: ${methods(auto.methods)}`, WIDTH) : []),
    ...refused.map(({ method, code }) => `not possible here: ${method} (${code})`),
  ];
}
