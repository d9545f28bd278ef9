import { readdirSync } from 'node:fs';
import path from 'node:path';
import { copySync } from 'fs-reflink';
import type { ResolvedOptions } from '../../options/options.ts';
import { describeReport } from '../../output/summary.ts';
import { relativeName } from '../../targets/targets.ts';

/** What of SvelteKit's builder is used here: its types come with SvelteKit alone. */
export interface Builder {
  log: ((message: string) => void) & { warn(message: string): void };
  copy(from: string, to: string): string[];
  getClientDirectory(): string;
  writeClient(destination: string): string[];
}

/** What Vite has written for SvelteKit's own use. */
const PRIVATE = '.vite';
/** SvelteKit corrects the paths in them where it copies. */
const SOURCE_MAP = '.map';

/** `writeClient` of SvelteKit's builder by the engine. Returns the copied files, relative to the destination. */
export function writeClient(builder: Builder, destination: string, options: ResolvedOptions): string[] {
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
  if (typeof how === 'function') how(report, directory);
  else if (how) {
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
