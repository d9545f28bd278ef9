import fs from 'node:fs/promises';
import type { Target } from 'fs-reflink';
import { bytesOf, CopyError } from 'fs-reflink/host';

/**
 * Calls the transform of a target for a file that the engine does not copy. `path` is relative to the target's `to`.
 *
 * @throws {CopyError} with `ERR_TRANSFORM`
 */
export async function transformed(
  { transform }: Pick<Target<string>, 'transform'>,
  { source, destination, path }: { source: string; destination: string; path: string },
): Promise<Buffer> {
  const content = await fs.readFile(source);
  try {
    return bytesOf(await transform!(content, { source, path }));
  } catch (cause) {
    const reason = `the transform failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CopyError({ code: 'ERR_TRANSFORM', reason, source, destination, method: 'transform', cause });
  }
}
