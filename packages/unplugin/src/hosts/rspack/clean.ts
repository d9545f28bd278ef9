import path from 'node:path';
import type { Compiler } from '@rspack/core';

/** Emptying an output, which Rspack would do just before it writes. */
export interface Cleaning {
  /** What is left alone in the output, relative to it. */
  kept: string[];
  /** Whether Rspack would have emptied the output since this was called last. */
  isDue(): boolean;
}

/**
 * Takes over the emptying of the output, which Rspack does before its first build and, unless it builds incrementally,
 * before each: Rspack would delete unchanged files too. Rspack itself still deletes single stale files of its own.
 * Undefined where Rspack empties the output in another way, or nobody empties it.
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
      // The output itself: Rspack asks about nothing in it when that is kept.
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
