import type { FileResult } from '../model/batch.ts';
import type { Method } from '../model/settings.ts';

type Action = FileResult['action'];

/**
 * The code of each outcome in shared memory: its action, or if there is one, the method. 0 means that nothing was
 * noted.
 */
const CODES: Record<Action | Method, number> = {
  unchanged: 1,
  linked: 2,
  copied: 3,
  pruned: 4,
  ficlone: 5,
  copy_file_range: 6,
  read_write: 7,
  direct: 8,
  clonefile: 9,
  copyfile: 10,
  nocache: 11,
  duplicate_extents: 12,
  copy_file_ex: 13,
  node_fs: 14,
  transform: 15,
  hard_link: 16,
  mknod: 17,
};
const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code, name]));

/** How many numbers are noted for each file: the code of its outcome, and its size. */
export const OUTCOME_WORDS = 2;
export const OUTCOME_BYTES: number = OUTCOME_WORDS * Float64Array.BYTES_PER_ELEMENT;

export function noteOutcome(outcomes: Float64Array, file: number, result: FileResult): void {
  const { action, method, bytes } = result;
  outcomes[file * OUTCOME_WORDS] = CODES[method ?? action];
  outcomes[file * OUTCOME_WORDS + 1] = bytes;
}

/** Returns undefined if the file has not been copied yet. */
export function notedResult(outcomes: Float64Array, file: number): FileResult | undefined {
  const code = outcomes[file * OUTCOME_WORDS]!;
  const bytes = outcomes[file * OUTCOME_WORDS + 1]!;
  if (code === 0) return undefined;
  const name = NAMES.get(code);
  return code > CODES.pruned
    ? { action: 'copied', method: name as Method, bytes }
    : { action: name as Action, bytes };
}
