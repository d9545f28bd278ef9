import type { FileResult } from '../model/batch.ts';
import type { Method } from '../model/settings.ts';

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

export function noteOutcome(outcomes: Float64Array, file: number, result: FileResult): void {
  const { action, method, bytes } = result;
  outcomes[file * OUTCOME_WORDS] = method ? CODES[method] : action === 'linked' ? LINKED : UNCHANGED;
  outcomes[file * OUTCOME_WORDS + 1] = bytes;
}

/** Returns undefined if the file has not been copied yet. */
export function notedResult(outcomes: Float64Array, file: number): FileResult | undefined {
  const code = outcomes[file * OUTCOME_WORDS]!;
  const bytes = outcomes[file * OUTCOME_WORDS + 1]!;
  if (code === 0) return undefined;
  const method = METHODS.get(code);
  return method
    ? { action: 'copied', method, bytes }
    : { action: code === LINKED ? 'linked' : 'unchanged', bytes };
}
