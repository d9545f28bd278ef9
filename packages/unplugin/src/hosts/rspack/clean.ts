import path from 'node:path';
import type { Compiler } from '@rspack/core';

/** Data for emptying an output in place of Rspack, which would empty it just before it writes. */
export interface Cleaning {
  /** The paths in the output that emptying keeps, relative to the output. */
  kept: string[];
  /** Whether Rspack would have emptied the output since the last call. */
  isDue(): boolean;
}

/**
 * Stops Rspack from emptying the output, because it would delete unchanged files too. Rspack empties before its first
 * build and, unless it builds incrementally, before each build. It still deletes stale files of its own. Returns
 * undefined, and changes nothing, if `output.clean` is neither `true` nor an object with a string as `keep`.
 */
export function takeOverCleaning({ options: { output } }: Compiler): Cleaning | undefined {
  const { clean } = output;
  const keep = typeof clean === 'object' ? clean.keep : undefined;
  if (clean !== true && typeof keep !== 'string') return undefined;
  const kept = typeof keep === 'string' ? [keep] : [];
  let isDue = false;
  output.clean = {
    keep(given) {
      if (!path.isAbsolute(given)) return kept.some((each) => given.startsWith(each));
      // An absolute path is the output itself. If the output is kept, Rspack asks about nothing in it.
      isDue = true;
      return true;
    },
  };
  return {
    kept,
    isDue() {
      const was = isDue;
      isDue = false;
      return was;
    },
  };
}
