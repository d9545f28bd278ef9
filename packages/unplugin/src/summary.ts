import path from 'node:path';
import type { CopyReport } from 'fs-reflink';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

const count = (number: number, noun: string): string =>
  `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;

/** A report as one line: what was placed and how, and what was left. */
export function summarize(report: CopyReport, directory: string, cwd: string): string {
  const { files, bytes, methods, unchanged, links, durationMs } = report;
  const parts: string[] = [];
  if (files > 0 || unchanged + links === 0) {
    const how = Object.entries(methods).map(
      ([method, { files }]) => `${method} ${files.toLocaleString('en-US')}`,
    );
    parts.push(`${count(files, 'file')}, ${formatBytes(bytes)}${how.length ? ` (${how.join(', ')})` : ''}`);
  }
  if (links > 0) parts.push(count(links, 'link'));
  if (unchanged > 0) parts.push(`${unchanged.toLocaleString('en-US')} unchanged`);
  const where = path.relative(cwd, directory) || '.';
  return `${where}: ${parts.join(', ')} in ${Math.round(durationMs)} ms`;
}
