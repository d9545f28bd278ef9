import fs from 'node:fs';

/** What is at a path, if anything. */
export function statsOf(file: string): fs.Stats | undefined {
  return unlessMissing(() => fs.statSync(file, { throwIfNoEntry: false }));
}

/** The same of a link itself. */
export function linkStatsOf(file: string): fs.Stats | undefined {
  return unlessMissing(() => fs.lstatSync(file, { throwIfNoEntry: false }));
}

/** Node.js 20 throws all the same when a part of the path is a file. */
export function unlessMissing<T>(stat: () => T): T | undefined {
  try {
    return stat();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Differs when a file has changed, or when something in a directory was created, deleted or replaced. */
export function versionOf({ dev, ino, size, mtimeMs, ctimeMs }: fs.Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/** By how much the clock of a filesystem may be ahead of that of the process. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Times are those of a clock that ticks every few milliseconds, or seconds: what was touched this shortly before it
 * was looked at may change again and look the same.
 */
export function mayChangeUnseen(
  { mtimeMs, ctimeMs }: Pick<fs.Stats, 'mtimeMs' | 'ctimeMs'>,
  lookedAt: number,
): boolean {
  const isCoarse = Number.isInteger(mtimeMs / 1000) && Number.isInteger(ctimeMs / 1000);
  // One that lies ahead was set by somebody; the change time, where the filesystem keeps one, says when.
  const isAhead = ctimeMs > 0 && mtimeMs > Date.now() + CLOCKS_DIFFER_MS;
  const touched = isAhead ? ctimeMs : Math.max(mtimeMs, ctimeMs);
  return lookedAt - touched < (isCoarse ? 2500 : 50);
}
