import { EBUSY } from '../errno.ts';

/** Milliseconds between tries, one second in total: virus scanners and indexers hold new files for a moment. */
const PAUSES = [1, 2, 5, 10, 20, 50, 100, 200, 300, 300];

/** Repeats a call while its result says that the file is in use, for one second at most. */
export function retryWhileBusy(
  call: () => number,
  isBusy: (errno: number) => boolean = (errno) => errno === EBUSY,
): number {
  let result = call();
  for (let tries = 0; tries < PAUSES.length && result < 0 && isBusy(-result); tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSES[tries]!);
    result = call();
  }
  return result;
}
