// Builds of this process that share an output directory copy one after the other, and know each other's files.

const turns = new Map<string, Promise<void>>();

/** Runs functions that have the same key one after the other. */
export async function exclusive<T>(key: string, act: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const running = before.then(act);
  const over = running.then(
    () => {},
    () => {},
  );
  turns.set(key, over);
  try {
    return await running;
  } finally {
    if (turns.get(key) === over) turns.delete(key);
  }
}

/** Calls `begin` when no other build uses a directory, and then resolves. Other builds wait until `end` settles. */
export function beginInTurn(
  directory: string,
  begin: () => void,
  end: () => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    exclusive(directory, async () => {
      begin();
      resolve();
      // The hook that waits for the copy rejects with its error.
      await end().catch(() => {});
    }).catch(reject);
  });
}

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
