/**
 * rsync's patterns as the engine's globs: without a slash at its beginning a pattern matches in every
 * directory, and what it matches goes with all that is in it.
 */
export function toGlobs(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const bare = pattern.replace(/\/+$/, '');
    const glob = bare.startsWith('/') ? bare.slice(1) : bare.startsWith('**/') ? bare : `**/${bare}`;
    return [glob, `${glob}/**`];
  });
}
