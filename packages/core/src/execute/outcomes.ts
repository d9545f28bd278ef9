import type { FileResult } from '../model/batch.ts';
import type { Method } from '../model/settings.ts';
import type { Outcome } from '../transfer/transfer.ts';

/** The code of each method in shared memory; 0 means that nothing was noted. */
const CODES: Record<Method, number> = {
  ficlone: 3,
  copy_file_range: 4,
  read_write: 5,
  direct: 6,
  clonefile: 7,
  copyfile: 8,
  nocache: 9,
  duplicate_extents: 10,
  copy_file_ex: 11,
  node_fs: 12,
  transform: 13,
  hard_link: 14,
  mknod: 15,
};
const UNCHANGED = 1;
const LINKED = 2;
const METHODS = new Map(Object.entries(CODES).map(([method, code]) => [code, method as Method]));

/** How many numbers are noted for each file: the code of its method, and its size. */
export const OUTCOME_WORDS = 2;
export const OUTCOME_BYTES: number = OUTCOME_WORDS * Float64Array.BYTES_PER_ELEMENT;

export function resultOf({ method, bytes }: Outcome): FileResult {
  if (bytes < 0) return { action: 'linked', bytes: 0 };
  return method === undefined ? { action: 'unchanged', bytes } : { action: 'copied', bytes, method };
}

export function noteOutcome(outcomes: Float64Array, file: number, { method, bytes }: Outcome): void {
  const code = method === undefined ? UNCHANGED : CODES[method];
  outcomes[file * OUTCOME_WORDS] = bytes < 0 ? LINKED : code;
  outcomes[file * OUTCOME_WORDS + 1] = Math.max(bytes, 0);
}

/** Returns undefined if the file has not been copied yet. */
export function notedResult(outcomes: Float64Array, file: number): FileResult | undefined {
  const code = outcomes[file * OUTCOME_WORDS]!;
  const bytes = outcomes[file * OUTCOME_WORDS + 1]!;
  if (code === 0) return undefined;
  return resultOf({ method: METHODS.get(code), bytes: code === LINKED ? -1 : bytes });
}
