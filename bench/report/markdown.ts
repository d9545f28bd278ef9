import { isBusy } from '../machine.ts';
import { type Measurement, type Results, titleOf } from '../results.ts';
import { type Chapter, chapters } from '../rows/row.ts';
import { pivot, summary } from '../table.ts';
import { LOOP } from '../targets.ts';
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
export function toMarkdown({ machine, quick, missing = [], measurements }: Results, charts: Chart[]): string {
  const parts = [
    '# Benchmarks',
    '<!-- Written by `npx --yes pnpm@12 bench`. Do not edit. -->',
    quick ? '**A quick run, with less of everything: its figures mean nothing.**' : '',
    isBusy(machine.load) ? `**The machine was busy when this began (load ${machine.load}).**` : '',
    missing.length > 0 ? `**Not measured: ${missing.join('; ')}.**` : '',
    'Measured side by side in one run: contenders take turns, round after round, each in a fresh process unless a\n' +
      'table says otherwise; medians, with the fastest and the slowest round. Every copy is checked: a contender that\n' +
      'leaves a file out or gets a byte wrong ends the run. Filesystems are loop images. Machines like this one are\n' +
      'noisy: trust ratios more than milliseconds. The data are in [benchmarks.json](benchmarks.json).',
    table(['machine', ''], Object.entries(machine)),
    ...chapters.map((chapter) => summaryPart(measurements, chapter)),
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

const explained: Partial<Record<Chapter, string>> = {
  engine:
    `Wall time (the import of the package included) and processor time (of the whole process) are ratios to ${LOOP}, a\n` +
    'loop of `copyFileSync`, in the same Node.js; memory is what the process takes more than that of the loop.',
  hosts: 'What the plugin takes more, or adds to a build without any copy.',
  imported:
    'What imported files add to a build of the same page without these imports, in fresh processes: with the option\n' +
    '`assets`, and as the bundler has them (Rollup and Rolldown with a plugin that reads them). Memory is that of the\n' +
    "bundler's processes together, more than in the build without the imports.",
};

function summaryPart(measurements: Measurement[], wanted: Chapter): string {
  const { header, rows } = summary(measurements.filter(({ chapter }) => chapter === wanted));
  if (rows.length === 0) return '';
  const bold = rows.map((row) => row.map((cell) => (/^falls short/.test(cell) ? `**${cell}**` : cell)));
  return [
    `## What is to be reached: ${wanted}`,
    explained[wanted] ?? '',
    'What is to be reached, at most, is in brackets.',
    table(header, bold),
  ].join('\n\n');
}

function detailsOf(measurement: Measurement): string {
  const { chapter, filesystem, series } = measurement;
  const { header, rows } = pivot(series, chapter === 'engine' ? LOOP : undefined);
  return `<details><summary>${filesystem}: ${titleOf(measurement)}</summary>\n\n${table(header, rows)}\n\n</details>`;
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
    verdicts
      .filter(({ figure }) => !figure)
      .map(({ subject, against, measured, wanted, reached }) => [
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
