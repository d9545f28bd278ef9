import { setTimeout as wait } from 'node:timers/promises';

/** A file that was touched so shortly before it was looked at may change once more and keep its times. */
const TICK_MS = 50;

/**
 * Waits until files that were touched before the call no longer count as just touched, and are recorded as they are.
 * `tickMs`: how coarse the times of the filesystem are.
 */
export async function pastTick(tickMs: number = TICK_MS): Promise<void> {
  const end = Date.now() + tickMs + 1;
  for (let now = Date.now(); now < end; now = Date.now()) await wait(end - now);
}
