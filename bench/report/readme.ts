import { median } from 'simple-statistics';
import type { Measurement, Results } from '../results.ts';
import { ratio } from '../targets.ts';
import type { Chart } from './markdown.ts';

const BEGIN = '<!-- benchmarks -->';
const END = '<!-- /benchmarks -->';
/** What a verdict on added time ends with. */
const LESS = ' less';

/** Puts the figures of a run into a readme, between two comments. */
export function withFigures(readme: string, results: Results, charts: readonly Chart[]): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the readme has no ${BEGIN} … ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${figures(results, charts)}\n${readme.slice(end)}`;
}

function figures({ machine, measurements }: Results, charts: readonly Chart[]): string {
  const shown = charts.find(
    ({ measurements: [first] }) => first?.chapter === 'peers' && first.work === 'assets',
  );
  const parts = [
    `Measured on ${machine.date?.slice(0, 10)}: ${machine.machine}, ${machine.kernel}, Node.js ${machine.node}. Medians;\n` +
      'how many times as long the others take, less than 1 where they are faster.',
    timesTable(
      'a copy in a fresh process',
      measurements.filter(({ chapter }) => chapter === 'peers'),
      ["Vite's copy", 'fs.cp', 'fs-extra', 'cpy', '@reflink/reflink', 'cp'],
    ),
    addedTable(measurements.filter(({ chapter }) => chapter === 'hosts')),
    shown ? `![${shown.alt}](docs/${shown.file})` : '',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function timesTable(corner: string, rows: Measurement[], peers: string[]): string {
  if (rows.length === 0) return '';
  const of = ({ series }: Measurement, peer: string) =>
    series.find(({ label }) => !label.includes(': ') && (label === peer || label.startsWith(`${peer} -`)));
  const cells = rows.map((row) => {
    const ours = of(row, 'ours')!;
    const times = peers.map((peer) => {
      const found = of(row, peer);
      return found ? ratio(median(found.values) / median(ours.values)) : '';
    });
    return [`${row.filesystem}, ${row.work}`, `${Math.round(median(ours.values))} ms`, ...times];
  });
  return markdownTable([corner, 'ours', ...peers], cells);
}

/** What plugins add to a build without any copy, from what every row promises: a line for each peer. */
function addedTable(rows: Measurement[]): string {
  const kinds = [...new Set(rows.map(({ filesystem }) => filesystem))];
  const lines = new Map<string, Map<string, string>>();
  for (const { filesystem, work, verdicts } of rows) {
    for (const { against, measured } of verdicts) {
      if (!measured.endsWith(LESS)) continue;
      const name = `${work}\0${against}`;
      const line = lines.get(name) ?? new Map<string, string>();
      lines.set(name, line.set(filesystem, measured.slice(0, -LESS.length)));
    }
  }
  if (lines.size === 0) return '';
  const header = ['added to a build of 4,200 files, ours to theirs', 'against', ...kinds];
  const cells = [...lines].map(([name, line]) => [
    ...name.split('\0'),
    ...kinds.map((kind) => line.get(kind) ?? ''),
  ]);
  return markdownTable(header, cells);
}

function markdownTable(header: string[], rows: string[][]): string {
  return [header, header.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}
