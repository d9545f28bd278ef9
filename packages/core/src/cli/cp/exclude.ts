/**
 * Converts rsync's patterns to the engine's globs: a pattern without a slash at its start matches in every directory,
 * and a directory that it matches is excluded with everything in it.
 */
export function toGlobs(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const bare = pattern.replace(/\/+$/, '');
    const glob = bare.startsWith('/') ? bare.slice(1) : bare.startsWith('**/') ? bare : `**/${bare}`;
    return [glob, `${glob}/**`];
  });
}
