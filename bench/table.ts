import { median } from 'simple-statistics';
import { aspects } from './contenders/peers.ts';
import type { Series } from './harness.ts';
import type { Measurement } from './results.ts';
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
export function pivotTable(series: Series[], base?: string): string {
  const { header, rows } = pivot(series, base);
  return aligned([header, ...rows], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

/** The cells of {@link pivotTable}; `base` is what the others are compared with. */
export function pivot(series: Series[], base = 'ours'): { header: string[]; rows: string[][] } {
  const ends = Object.values(aspects);
  const times = series.filter(({ label }) => !ends.some((end) => label.endsWith(`: ${end}`)));
  const find = (label: string) => series.find((candidate) => candidate.label === label);
  const toBase = ({ values }: Series, end = '') => {
    const other = find(`${base}${end}`);
    return other ? ratio(median(values) / median(other.values)) : '';
  };
  const beside = find(base) !== undefined;
  const uneven = new Set(times.map(({ values }) => values.length)).size > 1;
  const shown = ends.filter((end) => series.some(({ label }) => label.endsWith(`: ${end}`)));
  const cell = (label: string, end: string) => {
    const found = find(`${label}: ${end}`);
    if (!found) return '';
    const middle = amount(median(found.values), found.unit);
    return end === aspects.cpu ? `${middle}, ${toBase(found, `: ${end}`)}`.replace(/, $/, '') : middle;
  };
  const rows = [...times]
    .sort((a, b) => median(a.values) - median(b.values))
    .map((each) => [
      each.label,
      amount(median(each.values), each.unit),
      spread(each.values, each.unit),
      ...(beside ? [toBase(each)] : []),
      ...shown.map((end) => cell(each.label, end)),
      ...(uneven ? [String(each.values.length)] : []),
      each.note ?? '',
    ]);
  const rounds = uneven ? ['rounds'] : [];
  const ratios = beside ? [`to ${base}`] : [];
  return { header: ['contender', 'median', 'min - max', ...ratios, ...shown, ...rounds, ''], rows };
}

/**
 * A line for each row, with a column for each figure that has a name, the target in brackets, and the names of the figures
 * that fall short. Rows without such a figure are left out.
 */
export function summary(measurements: Measurement[]): { header: string[]; rows: string[][] } {
  const all = measurements
    .map((each) => ({ ...each, verdicts: each.verdicts.filter(({ figure }) => figure) }))
    .filter(({ verdicts }) => verdicts.length > 0);
  const figures = [...new Set(all.flatMap(({ verdicts }) => verdicts.map(({ figure = '' }) => figure)))];
  const inNodes = all.some(({ node }) => node);
  const rows = all.map(({ title, node, filesystem, verdicts }) => {
    const short = verdicts.filter(({ reached }) => !reached).map(({ figure }) => figure);
    const cells = figures.map((name) => {
      const verdict = verdicts.find(({ figure }) => figure === name);
      if (!verdict) return '';
      const wanted = verdict.wanted.replace(/^within | at most$/g, '');
      return wanted ? `${verdict.measured} [${wanted}]` : verdict.measured;
    });
    // What follows explains who takes part.
    const [work = ''] = title.split(';');
    const isShort = `falls short: ${short.join(', ')}`;
    const outcome = short.length > 0 ? isShort : verdicts.some(({ wanted }) => wanted) ? 'reached' : '';
    return [work, filesystem, ...(inNodes ? [String(node ?? '')] : []), ...cells, outcome];
  });
  return { header: ['work', 'on', ...(inNodes ? ['Node.js'] : []), ...figures, ''], rows };
}

export function summaryTable(measurements: Measurement[]): string {
  const { header, rows } = summary(measurements);
  if (rows.length === 0) return '';
  return aligned([header, ...rows], []);
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
