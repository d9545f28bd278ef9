/** The files of bundles that builds of this process are writing, by output directory and build. */
const bundles = new Map<string, Map<object, Set<string>>>();

/** Call this before a build writes files. `names` are relative to the output directory. */
export function addBundle(directory: string, build: object, names: readonly string[]): void {
  const builds = bundles.get(directory) ?? new Map<object, Set<string>>();
  bundles.set(directory, builds);
  builds.set(build, new Set([...(builds.get(build) ?? []), ...names]));
}

/** Call this when a build has ended. */
export function removeBundles(build: object): void {
  for (const [directory, builds] of bundles) {
    builds.delete(build);
    if (builds.size === 0) bundles.delete(directory);
  }
}

/** The files that other builds write to an output directory, relative to it. */
export function bundlesOfOthers(directory: string, build: object): string[] {
  const others = [...(bundles.get(directory) ?? [])].filter(([each]) => each !== build);
  return others.flatMap(([, names]) => [...names]);
}
