import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** How often this process watches a file or directory, as the kernel counts (inotify). */
export function watchesOf(place: string): number {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats) return 0;
  const pattern = new RegExp(`^inotify wd:\\w+ ino:${stats.ino.toString(16)} `, 'gm');
  return readdirSync('/proc/self/fdinfo').reduce((sum, name) => {
    try {
      const text = readFileSync(join('/proc/self/fdinfo', name), 'utf8');
      return sum + (text.match(pattern)?.length ?? 0);
    } catch {
      return sum;
    }
  }, 0);
}

/** Waits until this process watches all of these: before, a change may be missed. Only Linux tells. */
export async function untilWatched(...places: string[]): Promise<void> {
  if (process.platform !== 'linux') return void (await wait(500));
  while (!places.every((place) => watchesOf(place) > 0)) await wait(10);
}

let put = 0;

/** Creates or replaces a file of the temporary directory in one step: to whoever watches it is one change. */
export function replaceAtOnce(path: string, content: string): void {
  const temporary = join(tmpdir(), `fs-reflink-put-${process.pid}-${put++}`);
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
