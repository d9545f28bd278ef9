import path from 'node:path';
import type { CopyEntry } from '../../model/entry.ts';
import type { CopyReport } from '../../report.ts';
import { bytes, counted, duration, methods, number } from '../format.ts';

/** One line that says what really happened. */
export function summary(report: CopyReport, { dryRun }: { dryRun: boolean }): string {
  const would = dryRun ? 'would copy ' : '';
  const how = methods(report.methods);
  const took = dryRun ? '' : ` in ${duration(report.durationMs)}`;
  const rest = [
    report.links > 0 && counted(report.links, 'link'),
    report.unchanged > 0 && `${number(report.unchanged)} unchanged`,
    report.pruned > 0 && `${number(report.pruned)} ${dryRun ? 'to be deleted' : 'deleted'}`,
    report.leftOut && `${number(report.leftOut.length)} left out`,
    report.errors && report.errors.length > 0 && counted(report.errors.length, 'error'),
  ].filter(Boolean);
  return [
    `${would}${counted(report.files, 'file')}, ${bytes(report.bytes)}${took}${how && `: ${how}`}`,
    ...rest,
  ].join('; ');
}

/** A line for one path, as `cp -v` writes it; undefined for a file that was skipped. */
export function entryLine({ action, source, destination, method }: CopyEntry): string | undefined {
  if (action === 'unchanged') return undefined;
  if (action === 'pruned') return `removed ${quoted(destination)}`;
  const how = method ?? (action === 'linked' ? 'link' : undefined);
  return `${quoted(source!)} -> ${quoted(destination)}${how ? ` (${how})` : ''}`;
}

/** Paths below the current directory are printed relative to it, because that is shorter. */
function quoted(full: string): string {
  const below = path.relative('', full);
  return `'${below === '' || below.startsWith('..') ? full : below}'`;
}
