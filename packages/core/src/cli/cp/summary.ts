import type { CopyEntry, CopyReport } from '../../report.ts';
import { bytes, counted, duration, methods, number } from '../format.ts';

/** One line that says what really happened. */
export function summary(report: CopyReport, { dryRun }: { dryRun: boolean }): string {
  const would = dryRun ? 'would copy ' : '';
  const how = methods(report.methods);
  const took = dryRun ? '' : ` in ${duration(report.durationMs)}`;
  const rest = [
    report.links > 0 && counted(report.links, 'link'),
    report.unchanged > 0 && `${number(report.unchanged)} left as they were`,
    report.pruned > 0 && `${number(report.pruned)} ${dryRun ? 'to be deleted' : 'deleted'}`,
  ].filter(Boolean);
  return [
    `${would}${counted(report.files, 'file')}, ${bytes(report.bytes)}${took}${how && `: ${how}`}`,
    ...rest,
  ].join('; ');
}

/** A line for one path, as `cp -v` writes it. */
export function entryLine({ action, source, destination, method }: CopyEntry): string | undefined {
  if (action === 'pruned') return `removed '${destination}'`;
  if (action === 'unchanged') return undefined;
  return `'${source}' -> '${destination}'${method ? ` (${method})` : action === 'linked' ? ' (link)' : ''}`;
}
