import path from 'node:path';
import { asDryRun, run } from '../../copy.ts';
import { CopyError } from '../../errors.ts';
import type { CopyEntry } from '../../model/entry.ts';
import type { CopyOptions, Progress, ResolvedCopyOptions } from '../../options.ts';
import { tryOr } from '../../platform/path-status.ts';
import type { CopyReport } from '../../report.ts';
import { resolveCopyOptions } from '../../resolve-options.ts';
import { describeError, EXIT, errorToJson } from '../failure.ts';
import { bytes, counted, duration, methods, number } from '../format.ts';
import { Interruption } from '../interrupt.ts';
import { complain, print, printJson } from '../output.ts';
import { countTotal } from '../total.ts';
import { Display } from './display.ts';
import { type CopyFlags, toCopyOptions } from './flags.ts';
import { toTargets } from './targets.ts';
import { Tracker } from './tracker.ts';

/** `fs-reflink cp`. Returns the exit status. */
export async function runCopy(paths: readonly string[], flags: CopyFlags): Promise<number> {
  const { dryRun = false, verbose = false, quiet = false, json = false } = flags;
  const targets = toTargets(paths, flags);
  using interruption = new Interruption({ quiet });
  const tracker = new Tracker();
  const onProgress = (event: Progress) => {
    tracker.add(event);
    if (verbose && !json && event.done && event.method !== undefined) {
      print(entryLine({ ...event, action: 'copied', bytes: event.fileSize })!);
    }
  };
  const options: CopyOptions = {
    ...toCopyOptions(flags),
    entries: verbose,
    signal: interruption.signal,
    // With `--quiet`, progress is not needed.
    ...((!quiet || json) && { onProgress }),
  };
  const given = resolveCopyOptions(targets, options);
  const resolved = dryRun ? asDryRun(given) : given;
  const showsProgress = !quiet && !verbose && !dryRun;
  try {
    const report = await runShown(resolved, showsProgress ? tracker : undefined);
    if (json) printJson(toJson(report, verbose));
    else printReport(report, flags);
    return report.errors?.length || report.leftOut ? EXIT.failed : EXIT.ok;
  } catch (error) {
    if (!(error instanceof CopyError)) throw error;
    const stopped = interruption.status;
    if (json) printJson({ error: errorToJson(error), copied: placedBefore(tracker) });
    else if (stopped === undefined) complain(describeError(error, verbose));
    else if (!quiet) complain(`interrupted; ${inPlace(tracker)}`);
    return stopped ?? EXIT.failed;
  }
}

/** Closes the display before anything else is printed, even if the copy is aborted. */
async function runShown(options: ResolvedCopyOptions, tracker: Tracker | undefined): Promise<CopyReport> {
  using display = tracker && new Display(tracker, (ended) => countTotal(options, ended));
  options.signal?.addEventListener('abort', () => display?.[Symbol.dispose]());
  return await run(options);
}

function toJson({ entries, errors, ...report }: CopyReport, verbose: boolean): object {
  return {
    ...report,
    ...(errors && { errors: errors.map(errorToJson) }),
    ...(verbose && { entries }),
  };
}

function printReport(report: CopyReport, { dryRun = false, verbose, quiet }: CopyFlags): void {
  for (const warning of report.warnings) complain(`warning: ${warning}`);
  for (const error of report.errors ?? []) complain(describeError(error, verbose ?? false));
  if (quiet) return;
  if (verbose || dryRun) {
    // A line for each copied file was printed when it was done, but not on a dry run.
    const rest = report.entries!.filter(({ action }) => dryRun || action !== 'copied');
    for (const line of rest.map(entryLine)) if (line !== undefined && verbose) print(line);
  }
  print(summary(report, { dryRun }));
}

function placedBefore({ methods: counts, copied, completeBytes }: Tracker) {
  return { files: copied, bytes: completeBytes, methods: counts };
}

function inPlace({ copied, completeBytes, methods: counts }: Tracker): string {
  const how = Object.keys(counts).join(', ');
  return `complete and in place: ${counted(copied, 'file')}, ${bytes(completeBytes)}${how && ` (${how})`}`;
}

/** One line that says what really happened. */
function summary(report: CopyReport, { dryRun }: { dryRun: boolean }): string {
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
function entryLine({ action, source, destination, method }: CopyEntry): string | undefined {
  if (action === 'unchanged') return undefined;
  if (action === 'pruned') return `removed ${quoted(destination)}`;
  const how = method ?? (action === 'linked' ? 'link' : undefined);
  return `${quoted(source!)} -> ${quoted(destination)}${how ? ` (${how})` : ''}`;
}

/** Paths below the current directory are printed relative to it, because that is shorter, unless it was deleted. */
function quoted(full: string): string {
  const below = tryOr('', () => path.relative('', full));
  return `'${below === '' || below.startsWith('..') ? full : below}'`;
}
