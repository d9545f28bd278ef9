import { setTimeout as wait } from 'node:timers/promises';

/**
 * A file that changed less than this many milliseconds before its status was read may change again and keep its
 * times.
 */
const TICK_MS = 50;

/**
 * Waits until files that changed before the call no longer count as just changed, so that a copy records them as
 * unchanged. `tickMs` is the resolution of the filesystem's times, in milliseconds.
 */
export async function pastTick(tickMs: number = TICK_MS): Promise<void> {
  const end = Date.now() + tickMs + 1;
  for (let now = Date.now(); now < end; now = Date.now()) await wait(end - now);
}
