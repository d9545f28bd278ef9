import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

// Not TypeScript, because child processes import it too.

export function watchesOf(place) {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats) return 0;
  const pattern = new RegExp(`^inotify wd:\\w+ ino:${stats.ino.toString(16)} `, 'gm');
  return readdirSync('/proc/self/fdinfo').reduce((sum, name) => {
    try {
      const text = readFileSync(join('/proc/self/fdinfo', name), 'utf8');
      return sum + (text.match(pattern)?.length ?? 0);
    } catch {
      // The descriptor was closed after it was listed.
      return sum;
    }
  }, 0);
}

export async function untilWatched(...places) {
  if (process.platform !== 'linux') return void (await wait(500));
  while (!places.every((place) => watchesOf(place) > 0)) await wait(10);
  // In Rollup, chokidar reads all directories again after each build, and then treats new entries as known.
  for (let idle = 0; idle < 5; idle++) {
    await nextTurn();
    if (process.getActiveResourcesInfo().some((each) => each.startsWith('FSReq'))) idle = -1;
  }
}

let files = 0;

export function replaceAtOnce(path, content) {
  const temporary = join(tmpdir(), `fs-reflink-replacing-${process.pid}-${files++}`);
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
