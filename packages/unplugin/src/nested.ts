import path from 'node:path';

/** Whether `inner` is `outer` or lies in it. */
export function isInside(outer: string, inner: string): boolean {
  const relative = path.relative(outer, inner);
  const leaves = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
  return !leaves;
}

/** What emptying an output directory leaves alone: the other ones in it, and the repository of a deployment. */
export function keptIn(outDir: string, outDirs: Iterable<string>): string[] {
  const nested = [...outDirs].filter((other) => other !== outDir && isInside(outDir, other));
  return [...nested.map((other) => path.relative(outDir, other)), '.git'];
}
