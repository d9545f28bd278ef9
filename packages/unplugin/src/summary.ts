import path from 'node:path';
import type { CopyEntry, CopyReport, Method } from 'fs-reflink';
import { isInside } from './nested.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

const shownNumber = (number: number): string => number.toLocaleString('en-US');

/** Where to: absolute paths. `root` is the directory that paths in messages are relative to. */
interface Destinations {
  destinations: readonly string[];
  root: string;
}

/** A report as one line: where files went, what was copied, deleted and left; with `methods` also how it was copied. */
export function summarize(
  report: CopyReport,
  { destinations, root }: Destinations,
  { methods: withMethods = false } = {},
): string {
  const { files, bytes, methods, unchanged, links, pruned, durationMs } = report;
  const parts: string[] = [];
  if (files > 0 || unchanged + links + pruned === 0) {
    // What copied most files comes first: which thread was first to be done says nothing.
    const how = Object.entries(methods)
      .sort(([, one], [, other]) => other.files - one.files)
      .map(([method, { files }]) => `${method} ${shownNumber(files)}`);
    const details = withMethods ? ` (${[formatBytes(bytes), ...how].join(', ')})` : '';
    parts.push(`${shownNumber(files)} copied${details}`);
  }
  if (links > 0) parts.push(`${shownNumber(links)} link${links === 1 ? '' : 's'}`);
  if (pruned > 0) parts.push(`${shownNumber(pruned)} deleted`);
  if (unchanged > 0) parts.push(`${shownNumber(unchanged)} unchanged`);
  const where = destinations.map((each) => shown(each, root)).join(', ');
  return `${where}: ${parts.join(', ')} in ${Math.round(durationMs)} ms`;
}

/** A report as lines: the summary, and where the report has entries one line for each file copied or deleted. */
export function describeReport(report: CopyReport, directory: string, destinations: Destinations): string {
  const { entries } = report;
  const lines = (entries ?? [])
    .filter(({ action }) => action !== 'unchanged')
    .map((entry) => {
      const { destination } = entry;
      const name = isInside(directory, destination)
        ? path.relative(directory, destination).split(path.sep).join('/')
        : destination;
      return `  ${name} (${wordFor(entry)})`;
    });
  return [summarize(report, destinations, { methods: entries !== undefined }), ...lines.sort()].join('\n');
}

function wordFor({ action, method }: CopyEntry): string {
  if (action === 'pruned') return 'deleted';
  return action === 'linked' ? 'link' : (method ?? action);
}

/** Relative, unless that leads through the root of the file system. */
function shown(place: string, root: string): string {
  const relative = path.relative(root, place) || '.';
  const climbs = path.resolve(
    root,
    relative
      .split(path.sep)
      .filter((part) => part === '..')
      .join(path.sep),
  );
  return path.dirname(climbs) === climbs ? place : relative;
}

/** A report without what it says of some files, which did not stay: each was copied once, or left as it was. */
export function withoutEntries(report: CopyReport, gone: readonly CopyEntry[]): CopyReport {
  if (gone.length === 0) return report;
  const total: CopyReport = structuredClone(report);
  for (const { action, method, bytes } of gone) {
    if (action === 'linked') total.links--;
    if (action === 'unchanged') total.unchanged--;
    if (action !== 'copied') continue;
    total.files--;
    total.bytes -= bytes;
    const sum = total.methods[method!]!;
    sum.files--;
    sum.bytes -= bytes;
    if (sum.files === 0) delete total.methods[method!];
  }
  if (!total.entries) return total;
  const places = new Set(gone.map(({ destination }) => destination));
  // What was deleted there before stays deleted.
  total.entries = total.entries.filter(
    ({ action, destination }) => action === 'pruned' || !places.has(destination),
  );
  return total;
}

/** Several reports of different files as one. */
export function addReports(first: CopyReport, ...others: CopyReport[]): CopyReport {
  if (others.length === 0) return first;
  const total: CopyReport = structuredClone(first);
  for (const report of others) {
    total.files += report.files;
    total.bytes += report.bytes;
    total.unchanged += report.unchanged;
    total.pruned += report.pruned;
    total.directories += report.directories;
    total.links += report.links;
    total.durationMs += report.durationMs;
    total.warnings.push(...report.warnings);
    if (report.entries) total.entries?.push(...report.entries);
    for (const method of Object.keys(report.methods) as Method[]) {
      const { files, bytes } = report.methods[method]!;
      const sum = (total.methods[method] ??= { files: 0, bytes: 0 });
      sum.files += files;
      sum.bytes += bytes;
    }
  }
  return total;
}
