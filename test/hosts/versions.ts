import { describe, test } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';

/** The versions of a bundler. */
export interface Versions<Version> {
  /** The versions that this run tests: all in the lane `versions`, and otherwise only the first one, the newest. */
  tested: Version[];
  /** Describes what has to hold with every version. Each version that is not tested is shown as one skipped suite. */
  describe(body: (version: Version) => void): void;
}

/** Loads the versions of a bundler that this run tests. */
export async function loadVersions<Version>(
  loaders: Record<string, (name: string) => Version | Promise<Version>>,
): Promise<Versions<Version>> {
  const skipped = reasonToSkip('versions', () => undefined);
  const [newest, ...older] = Object.entries(loaders);
  const named = await Promise.all(
    [newest!, ...(skipped ? [] : older)].map(async ([name, load]) => [name, await load(name)] as const),
  );
  return {
    tested: named.map(([, version]) => version),
    describe(body) {
      for (const [name, version] of named) describe(name, () => body(version));
      for (const [name] of skipped ? older : [])
        describe.skip(`${name} (skipped: ${skipped})`, () => test('all of this file', () => {}));
    },
  };
}
