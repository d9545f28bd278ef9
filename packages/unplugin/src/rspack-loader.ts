/** Rspack loads this module by its path, as a separate instance. It gets its data from the compiler object. */
import type { LoaderContext } from '@rspack/core';

/** The property of the compiler that holds the function that returns stand-ins. */
export const STAND_IN_OF: unique symbol = Symbol.for('unplugin-reflink/stand-in-of') as never;

export type StandInOf = (context: LoaderContext) => Promise<Buffer | undefined>;

export const raw = true;

export default function content(given: Buffer): Buffer {
  return given;
}

/** Rspack calls this before it reads the file. If this returns a stand-in, Rspack does not read the file. */
export async function pitch(this: LoaderContext): Promise<Buffer | undefined> {
  const { [STAND_IN_OF]: standInOf } = this._compiler as { [STAND_IN_OF]?: StandInOf };
  return standInOf?.(this);
}
