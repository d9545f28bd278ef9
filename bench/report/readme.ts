import { median } from 'simple-statistics';
import type { Measurement, Results } from '../results.ts';
import { amount, ratio } from '../targets.ts';

/** The rows of the tables. `onTop`: in the table that is read first. */
const ROWS = [
  { work: 'vite 20 files', label: '20 files, left to Vite', onTop: true },
  // Where no build of 20 files was measured, the copy alone was.
  { work: 'fresh 20 files', label: '20 files, the copy alone', onTop: true },
  { work: 'vite app first build', label: '4,200 files, first build of an app with Cesium', onTop: true },
  { work: 'vite app next build', label: '4,200 files, next build of an app with Cesium', onTop: true },
  { work: 'vite first build', label: '4,200 files, first build of two modules', onTop: false },
  { work: 'vite next build', label: '4,200 files, next build of two modules', onTop: false },
] as const;

/** What the others are called in a series, and in the readme. */
const BUILTIN = { labels: ['builtin', "Vite's copy"], shown: "Vite's own copy" };
const PLUGIN = { labels: ['vite-plugin-static-copy'], shown: 'vite-plugin-static-copy' };

/**
 * Puts figures into a readme, between comments: a table that is read at a glance, and further down one of the other
 * rows and filesystems. `others` are those of another run, for what this one lacks.
 */
export function withFigures(readme: string, results: Results, others?: Results): string {
  const measured = [...results.measurements, ...(others?.measurements ?? [])];
  const kinds = [...new Set(results.measurements.map(({ filesystem }) => filesystem))];
  const rows = kinds.flatMap((kind) => rowsOf(measured, kind).map((row) => ({ kind, ...row })));
  const [first] = kinds;
  const fromOthers = others && rows.some(({ of }) => others.measurements.includes(of));
  const isOnTop = (row: { kind: string; onTop: boolean }) => row.kind === first && row.onTop;
  const header = ['ours', BUILTIN.shown, 'to ours', PLUGIN.shown, 'to ours'];
  const shown = table(
    [`Vite, the whole build, on ${first}`, ...header],
    rows.filter(isOnTop).map(({ label, cells }) => [label, ...cells]),
  );
  const below = table(
    ['Vite, the whole build', 'on', ...header],
    rows.filter((row) => !isOnTop(row)).map(({ label, kind, cells }) => [label, kind, ...cells]),
  );
  const captions = [results, ...(fromOthers ? [others] : [])].map(captionOf).join('\n');
  const explained = 'Medians of fresh processes. Less than 1x is faster than ours.';
  return between(
    between(readme, 'benchmarks', `${shown}\n\n${explained}`),
    'other filesystems',
    [captions, below].filter((part) => part !== '').join('\n\n'),
  );
}

/** Replaces what stands between two comments. */
function between(readme: string, name: string, text: string): string {
  const opening = `<!-- ${name} -->`;
  const closing = `<!-- /${name} -->`;
  const begin = readme.indexOf(opening);
  const end = readme.indexOf(closing);
  if (begin < 0 || end < begin) throw new Error(`the readme has no ${opening} … ${closing}`);
  return `${readme.slice(0, begin + opening.length)}\n${text}\n${readme.slice(end)}`;
}

function rowsOf(measurements: readonly Measurement[], kind: string) {
  const rows = ROWS.flatMap((row) => {
    const of = measurements.find(({ work, filesystem }) => work === row.work && filesystem === kind);
    return of ? [{ ...row, of, cells: cellsOf(of) }] : [];
  });
  const isBuilt = rows.some(({ work }) => work === 'vite 20 files');
  return rows.filter(({ work }) => !isBuilt || work !== 'fresh 20 files');
}

function cellsOf({ series }: Measurement): string[] {
  const medianOf = (labels: readonly string[]) => {
    const found = series.find(({ label }) => labels.includes(label));
    return found && median(found.values);
  };
  const ours = medianOf(['ours'])!;
  const beside = [BUILTIN, PLUGIN].flatMap(({ labels }) => {
    const theirs = medianOf(labels);
    return theirs === undefined ? ['', ''] : [amount(theirs, 'ms'), ratio(theirs / ours)];
  });
  return [amount(ours, 'ms'), ...beside];
}

function captionOf({ machine }: Results): string {
  const { date = '', machine: hardware = '', kernel = '', node = '' } = machine;
  return `Measured on ${date.slice(0, 10)}: ${hardware}, ${kernel}, Node.js ${node}.`;
}

function table(header: string[], rows: string[][]): string {
  if (rows.length === 0) return '';
  return [header, header.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}
