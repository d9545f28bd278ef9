import type { Measurement, Results } from '../results.ts';
import { pivot } from '../table.ts';
import { growthOf } from './growth.ts';

export interface Chart {
  /** Relative to the page. */
  file: string;
  alt: string;
  measurements: Measurement[];
}

const escaped = (cell: string) => cell.replaceAll('|', '\\|');
const table = (header: string[], rows: string[][]) =>
  [header, header.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.map(escaped).join(' | ')} |`)
    .join('\n');

/** The page of the benchmark: machine, charts, tables. All of it comes from one run. */
export function toMarkdown({ machine, quick, measurements }: Results, charts: Chart[]): string {
  const parts = [
    '# Benchmarks',
    '<!-- Written by `npx --yes pnpm@12 bench`. Do not edit. -->',
    quick ? '**A quick run, with less of everything: its figures mean nothing.**' : '',
    'Measured side by side in one run: contenders take turns, round after round, each in a fresh process unless a\n' +
      'table says otherwise; medians, with the fastest and the slowest round. Every copy is checked: a contender that\n' +
      'leaves a file out or gets a byte wrong ends the run. Filesystems are loop images. Machines like this one are\n' +
      'noisy: trust ratios more than milliseconds. The data are in [benchmarks.json](benchmarks.json).',
    table(['machine', ''], Object.entries(machine)),
    ...charts.flatMap(({ file, alt, measurements }) => [
      `## ${alt}`,
      `![${alt}](${file})`,
      ...measurements.map(detailsOf),
      growthTable(measurements),
    ]),
    '## What the engine promises, and what was measured',
    promisesTable(measurements),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function detailsOf({ filesystem, title, series }: Measurement): string {
  const { header, rows } = pivot(series);
  return `<details><summary>${filesystem}: ${title}</summary>\n\n${table(header, rows)}\n\n</details>`;
}

function growthTable(measurements: Measurement[]): string {
  if (!measurements[0]?.scale) return '';
  const rows = [...new Set(measurements.map(({ filesystem }) => filesystem))].flatMap((kind) =>
    growthOf(measurements.filter(({ filesystem }) => filesystem === kind)).map(({ label, exponent }) => [
      kind,
      label,
      `n^${exponent.toFixed(2)}`,
    ]),
  );
  return table(['filesystem', 'contender', 'time grows as'], rows);
}

function promisesTable(measurements: Measurement[]): string {
  const rows = measurements.flatMap(({ filesystem, title, verdicts }) =>
    verdicts.map(({ subject, against, measured, wanted, reached }) => [
      filesystem,
      title,
      against ? `${subject} against ${against}` : subject,
      reached ? measured : `**${measured}**`,
      wanted,
    ]),
  );
  return rows.length === 0
    ? 'Not measured in this run.'
    : `Bold falls short.\n\n${table(['on', 'work', 'figure', 'measured', 'target'], rows)}`;
}
