import fs from 'node:fs';

/** The status of a file, or of what a link leads to. Undefined if it does not exist. */
export function statsOf(file: string): fs.Stats | undefined {
  return unlessMissing(() => fs.statSync(file, { throwIfNoEntry: false }));
}

/** The same, but the status of a link itself. */
export function linkStatsOf(file: string): fs.Stats | undefined {
  return unlessMissing(() => fs.lstatSync(file, { throwIfNoEntry: false }));
}

/**
 * Also undefined if a directory in the path is a file: Node.js 20 throws then, whatever `throwIfNoEntry` is. And if a
 * name is too long for a file, as a glob with braces may be.
 */
export function unlessMissing<T>(stat: () => T): T | undefined {
  try {
    return stat();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

/** Differs after a file has changed, or after something in a directory was created, deleted or replaced. */
export function versionOf({ dev, ino, size, mtimeMs, ctimeMs }: fs.Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/** How far the clock of a filesystem may be ahead of the clock of the process. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Whether a file was changed so shortly before the stat call at `lookedAt` (in milliseconds) that it may change again
 * and have the same times. The clock of a filesystem ticks every few milliseconds, or every few seconds.
 */
export function mayChangeUnseen(
  { mtimeMs, ctimeMs }: Pick<fs.Stats, 'mtimeMs' | 'ctimeMs'>,
  lookedAt: number,
): boolean {
  const isCoarse = Number.isInteger(mtimeMs / 1000) && Number.isInteger(ctimeMs / 1000);
  // A program has set a modification time in the future. The change time, if the filesystem keeps one, tells when.
  const isAhead = ctimeMs > 0 && mtimeMs > Date.now() + CLOCKS_DIFFER_MS;
  const touched = isAhead ? ctimeMs : Math.max(mtimeMs, ctimeMs);
  return lookedAt - touched < (isCoarse ? 2500 : 50);
}
