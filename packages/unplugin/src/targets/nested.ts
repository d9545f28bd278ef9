import path from 'node:path';
import { isInside } from 'fs-reflink/host';

/** What emptying an output directory keeps, relative to it: outputs inside it, and the repository of a deployment. */
export function keptIn(outDir: string, outDirs: Iterable<string>): string[] {
  const nested = [...outDirs].filter((other) => other !== outDir && isInside(outDir, other));
  return [...nested.map((other) => path.relative(outDir, other)), '.git'];
}
