import type { Method } from '../model/settings.ts';
import type { MethodCount } from '../report.ts';

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const CLONES: ReadonlySet<string> = new Set<Method>(['ficlone', 'clonefile', 'duplicate_extents']);

/** Decimal units, as disks are sold: 246 MB. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  // A number that would be rounded to 1000 is written in the next unit.
  while (Math.round(value) >= 1000 && unit < SIZES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 9.95 && unit > 0 ? 1 : 0)} ${SIZES[unit]}`;
}

export function rate(count: number, ms: number): string {
  return ms > 0 ? `${bytes((count / ms) * 1000)}/s` : '';
}

export function duration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "4,213". Not by `toLocaleString`: its first call loads data for 20 ms. */
export function number(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 file", "4,213 files". */
export function counted(count: number, singular: string, plural: string = `${singular}s`): string {
  return `${number(count)} ${count === 1 ? singular : plural}`;
}

/** "4,200 cloned (ficlone), 13 copied (read_write)": the method that copied most files comes first. */
export function methods(counts: Partial<Record<Method, MethodCount>>): string {
  return Object.entries(counts)
    .sort(([, one], [, other]) => other.files - one.files)
    .map(([method, { files }]) => `${number(files)} ${copied(method)}`)
    .join(', ');
}

function copied(method: string): string {
  return `${CLONES.has(method) ? 'cloned' : 'copied'} (${method})`;
}

/** Lines of a table. Each column is as wide as its longest cell; those in `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** Breaks text into lines between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
