import fs from 'node:fs';

/** What is at a path, if anything. */
export function statsOf(place: string): fs.Stats | undefined {
  return unlessMissing(() => fs.statSync(place, { throwIfNoEntry: false }));
}

/** The same of a link itself. */
export function linkStatsOf(place: string): fs.Stats | undefined {
  return unlessMissing(() => fs.lstatSync(place, { throwIfNoEntry: false }));
}

/** Node.js 20 throws all the same when a file has the place of a directory on the way. */
export function unlessMissing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
