/** Rspack loads this module by its path, in an instance of its own: what it needs hangs on the compiler. */
import type { LoaderContext } from '@rspack/core';

/** By which the compiler has a function that answers with a stand-in. */
export const STAND_IN_OF: unique symbol = Symbol.for('unplugin-reflink/stand-in-of') as never;

export type StandInOf = (context: LoaderContext) => Promise<Buffer | undefined>;

export const raw = true;

export default function content(given: Buffer): Buffer {
  return given;
}

/** Before the file is read: with an answer, it is not. */
export async function pitch(this: LoaderContext): Promise<Buffer | undefined> {
  const { [STAND_IN_OF]: standInOf } = this._compiler as { [STAND_IN_OF]?: StandInOf };
  return standInOf?.(this);
}
