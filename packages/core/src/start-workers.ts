import { pool } from './execute/pool.ts';
import { defaultConcurrency } from './options.ts';
import { MAX_WORKERS } from './schema.ts';

/** Worker threads that stay ready until they are closed. */
export interface Workers {
  /** Lets go of them; they end when nobody else holds any. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts worker threads ahead of the copies that will need them: booting one takes about 40 ms. Without this
 * each {@link copy} starts its own and ends them. Held workers do not keep the process alive. Resolves when
 * all of them have loaded the native lane; copies may begin before.
 *
 * A copy begins on those there are, and boots more, up to its `concurrency`, when it has much to copy.
 *
 * @param count threads, as many as copies run on by default
 */
export async function startWorkers(count: number = defaultConcurrency()): Promise<Workers> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS) {
    throw new TypeError(`fs-reflink: the number of workers must be 1 to ${MAX_WORKERS}, got ${count}`);
  }
  const close = pool.hold(count);
  await pool.ready();
  return { close };
}
