import { median } from 'simple-statistics';
import { aspects } from './contenders/peers.ts';
import type { Series } from './harness.ts';
import { amount, ratio, type Verdict } from './targets.ts';

export function seriesTable(series: Series[]): string {
  const rows = series.map(({ label, unit, values, note = '' }) => [
    label,
    amount(median(values), unit),
    spread(values, unit),
    note,
  ]);
  return aligned([['contender', 'median', 'min - max', ''], ...rows], [1, 2]);
}

/** Contenders with all that was measured of each in one line, the fastest first. */
export function pivotTable(series: Series[]): string {
  const { header, rows } = pivot(series);
  return aligned([header, ...rows], [1, 2, 3, 4, 5, 6, 7]);
}

/** The cells of {@link pivotTable}. */
export function pivot(series: Series[]): { header: string[]; rows: string[][] } {
  const ends = Object.values(aspects);
  const times = series.filter(({ label }) => !ends.some((end) => label.endsWith(`: ${end}`)));
  const ours = times.find(({ label }) => label === 'ours');
  const shown = ends.filter((end) => series.some(({ label }) => label.endsWith(`: ${end}`)));
  const cell = (label: string) => {
    const found = series.find((candidate) => candidate.label === label);
    return found ? amount(median(found.values), found.unit) : '';
  };
  const rows = [...times]
    .sort((a, b) => median(a.values) - median(b.values))
    .map(({ label, unit, values, note = '' }) => [
      label,
      amount(median(values), unit),
      spread(values, unit),
      ours ? ratio(median(values) / median(ours.values)) : '',
      ...shown.map((end) => cell(`${label}: ${end}`)),
      note,
    ]);
  return { header: ['contender', 'median', 'min - max', 'to ours', ...shown, ''], rows };
}

const spread = (values: number[], unit: Series['unit']) =>
  `${amount(Math.min(...values), unit)} - ${amount(Math.max(...values), unit)}`;

export function verdictTable(verdicts: (Verdict & { on: string })[]): string {
  const rows = verdicts.map(({ on, subject, against, measured, wanted, reached }) => [
    on,
    subject,
    against,
    measured,
    wanted,
    reached ? 'reached' : 'falls short',
  ]);
  return aligned([['on', 'figure', 'against', 'measured', 'target', ''], ...rows], [3]);
}

function aligned(rows: string[][], rightColumns: number[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) =>
    rightColumns.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  return rows.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd()).join('\n');
}
