import path from 'node:path';
import type { CopyEntry, CopyReport } from 'fs-reflink';
import { asThrown, isInside } from 'fs-reflink/host';
import type { ResolvedOptions } from '../options/options.ts';
import { destinationsOf, hasTargets, type OutputTargets, relativeName } from '../targets/targets.ts';
import type { HostLog } from './log.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

/** "4,213". Not by `toLocaleString`: its first call loads data for 20 ms. */
const shownNumber = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

/** The absolute paths that files went to. `root` is the directory that paths in messages are relative to. */
interface Destinations {
  destinations: readonly string[];
  root: string;
  /** Whether the report is that of a dry run. */
  dryRun?: boolean;
}

/**
 * Formats a report as one line: where files went, and how many were copied, deleted and unchanged. If the report has
 * entries, it adds the bytes and the methods of the copy. For a dry run, it says what would be copied and deleted.
 */
export function summarize(report: CopyReport, { destinations, root, dryRun = false }: Destinations): string {
  const { files, unchanged, links, pruned, durationMs } = report;
  const copied = dryRun ? `would copy ${shownNumber(files)}` : `${shownNumber(files)} copied`;
  const deleted = dryRun ? `would delete ${shownNumber(pruned)}` : `${shownNumber(pruned)} deleted`;
  const parts: string[] = [];
  if (files > 0 || unchanged + links + pruned === 0) parts.push(copied + methodsOf(report));
  if (links > 0)
    parts.push(`${dryRun ? 'would copy ' : ''}${shownNumber(links)} link${links === 1 ? '' : 's'}`);
  if (pruned > 0) parts.push(deleted);
  if (unchanged > 0) parts.push(`${shownNumber(unchanged)} unchanged`);
  const where = destinations.map((each) => shown(each, root)).join(', ');
  return `${where}: ${parts.join(', ')}${dryRun ? '' : ` in ${Math.round(durationMs)} ms`}`;
}

/** The method that copied most files comes first. Their order in the report only tells which thread ended first. */
function methodsOf({ bytes, methods, entries }: CopyReport): string {
  if (!entries) return '';
  const sorted = Object.entries(methods).sort(([, one], [, other]) => other.files - one.files);
  const parts = sorted.map(([method, { files }]) => `${method} ${shownNumber(files)}`);
  return ` (${[formatBytes(bytes), ...parts].join(', ')})`;
}

/** Formats a report as lines: the summary and, if the report has entries, a line for each file copied or deleted. */
export function describeReport(report: CopyReport, directory: string, destinations: Destinations): string {
  const lines = (report.entries ?? [])
    .filter(({ action }) => action !== 'unchanged')
    .map((entry) => {
      const { destination } = entry;
      const name = isInside(directory, destination) ? relativeName(directory, destination) : destination;
      return `  ${name} (${wordFor(entry, destinations)})`;
    });
  return [summarize(report, destinations), ...lines.sort()].join('\n');
}

function wordFor({ action, method }: CopyEntry, { dryRun }: Destinations): string {
  if (dryRun) return action === 'pruned' ? 'to be deleted' : 'to be copied';
  if (action === 'pruned') return 'deleted';
  return action === 'linked' ? 'link' : (method ?? action);
}

/** A path relative to `root`. It stays absolute if the relative one would lead through the root of the filesystem. */
function shown(directory: string, root: string): string {
  const relative = path.relative(root, directory) || '.';
  const climbs = path.resolve(
    root,
    relative
      .split(path.sep)
      .filter((part) => part === '..')
      .join(path.sep),
  );
  return path.dirname(climbs) === climbs ? directory : relative;
}

/** Logs the report of an output directory, or calls the user's function with it and waits for its promise. */
export async function logReport(
  { entries, ...counts }: CopyReport,
  targets: OutputTargets,
  directory: string,
  { report: how, dryRun }: Pick<ResolvedOptions, 'report' | 'dryRun'>,
  log: Pick<HostLog, 'info'>,
  root: string,
): Promise<void> {
  // A host may have collected the entries for its own use.
  const report = entries && how === 'verbose' ? { ...counts, entries } : counts;
  if (typeof how === 'function') await callReport(how, report, directory);
  // If there was nothing to copy and nothing to delete, nothing is logged.
  else if (how && (hasTargets(targets) || !isEmpty(report))) {
    const destinations = destinationsOf(targets, directory);
    log.info(`${labelOf(targets)} → ${describeReport(report, directory, { destinations, root, dryRun })}`);
  }
}

function isEmpty({ files, links, unchanged, pruned }: CopyReport): boolean {
  return files + links + unchanged + pruned === 0;
}

/** Calls the user's function. Never throws `undefined`: bundlers treat such a rejection of a hook as success. */
export async function callReport(
  how: (report: CopyReport, directory: string) => unknown,
  report: CopyReport,
  directory: string,
): Promise<void> {
  try {
    await how(report, directory);
  } catch (error) {
    throw asThrown(error);
  }
}

function labelOf({ publicTargets, assets, targets }: OutputTargets): string {
  const parts = [publicTargets.length > 0 && 'public', assets && 'assets', targets.length > 0 && 'targets'];
  return parts.filter(Boolean).join(', ') || 'no targets any more';
}
