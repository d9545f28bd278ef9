import { median, type Series } from './harness.ts';
import { amount, type Verdict } from './targets.ts';

export function seriesTable(series: Series[]): string {
  const rows = series.map(({ label, unit, values, note = '' }) => [
    label,
    amount(median(values), unit),
    `${amount(Math.min(...values), unit)} - ${amount(Math.max(...values), unit)}`,
    note,
  ]);
  return aligned([['contender', 'median', 'min - max', ''], ...rows], [1, 2]);
}

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
