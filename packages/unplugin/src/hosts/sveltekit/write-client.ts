import { readdirSync } from 'node:fs';
import path from 'node:path';
import { copySync } from 'fs-reflink';
import type { ResolvedOptions } from '../../options/options.ts';
import { callReport, describeReport } from '../../output/summary.ts';
import { relativeName } from '../../targets/targets.ts';

/** The part of SvelteKit's builder that is used here. SvelteKit's types are available only with SvelteKit. */
export interface Builder {
  log: ((message: string) => void) & { warn(message: string): void };
  copy(from: string, to: string): string[];
  getClientDirectory(): string;
  writeClient(destination: string): string[];
}

/** The directory of files that Vite has written only for SvelteKit. */
const PRIVATE = '.vite';
/** SvelteKit copies source maps itself, because it corrects the paths in them. */
const SOURCE_MAP = '.map';

/**
 * Replaces `writeClient` of SvelteKit's builder. Returns the paths of the files relative to `destination`. Adds the
 * outcomes of the user's function for reports to `reports`.
 */
export function writeClient(
  builder: Builder,
  destination: string,
  options: ResolvedOptions,
  reports: Promise<void>[],
): string[] {
  const root = process.cwd();
  const from = path.resolve(builder.getClientDirectory());
  const directory = path.resolve(destination);
  const ignore = [`**/${PRIVATE}`, `**/${PRIVATE}/**`, `**/*${SOURCE_MAP}`];
  const { entries, ...counts } = copySync(
    { from, to: directory, ignore, allowOutside: true },
    { ...options.engine, allowMissing: true, entries: true },
  );
  for (const warning of counts.warnings) builder.log.warn(`unplugin-reflink: ${warning}`);
  const { report: how } = options;
  const report = how === 'verbose' ? { ...counts, entries: entries! } : counts;
  if (typeof how === 'function') {
    const outcome = callReport(how, report, directory);
    // The adapter's end waits for it. Until then, Node.js must not end the process because of its error.
    outcome.catch(() => {});
    reports.push(outcome);
  } else if (how) {
    const shown = describeReport(report, directory, { destinations: [directory], root });
    builder.log(`unplugin-reflink: ${path.relative(root, from)} → ${shown}`);
  }
  const maps = sourceMapsIn(from);
  for (const name of maps) builder.copy(path.join(from, name), path.join(directory, name));
  return [...entries!.map((each) => relativeName(directory, each.destination)), ...maps];
}

function sourceMapsIn(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(SOURCE_MAP))
    .map((name) => name.split(path.sep))
    .filter((parts) => !parts.includes(PRIVATE))
    .map((parts) => parts.join('/'));
}
