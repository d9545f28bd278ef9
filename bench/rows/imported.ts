import { importedBuild, variants } from '../contenders/imported.ts';
import { type BenchKind, clones } from '../stage.ts';
import { addedWithin, atMostMore, more, type Target } from '../targets.ts';
import type { Row } from './row.ts';

const BASE = 'no imports';
const OWN = "bundler's own";

/** What the first and the next build add at most, in parts of what they add without the option. */
const limits: Record<string, (kind: BenchKind) => [first: number, next: number]> = {
  vite: (kind) => [clones(kind) ? 0.15 : 0.6, 0.1],
  webpack: () => [0.4, 0.1],
  esbuild: () => [0.6, 0.3],
  rollup: () => [0.5, 0.1],
};

/** It is only shown. */
const UNJUDGED = { wanted: '', reached: () => true };

/** What imported files add to a build of a page without them, as the bundlers have them and with the option `assets`. */
export function imported(kind: BenchKind): Row[] {
  // Twice as much as fits beside the source.
  if (kind === 'tmpfs') return [];
  return ['vite', 'webpack', 'esbuild', 'rollup', 'rolldown', 'rspack'].flatMap((host) =>
    (['first build', 'next build'] as const).map((which): Row => {
      const limit = limits[host]?.(kind)[which === 'first build' ? 0 : 1];
      return {
        chapter: 'imported',
        work: `imported ${host} ${which}`,
        title: `${host}, ${which} of a page that imports 4 files of 100 MB and 40 of 1 MB`,
        volume: 'imported',
        rounds: 3,
        // Fresh processes: nothing stays warm but the page cache.
        warmUps: 0,
        contenders: () =>
          (Object.keys(variants) as (keyof typeof variants)[]).map((name) =>
            importedBuild(host, name, which),
          ),
        targets: [
          { ...addedWithin('ours', OWN, BASE, limit ?? 1), figure: 'added', ...(!limit && UNJUDGED) },
          {
            ...addedWithin('ours: CPU', `${OWN}: CPU`, `${BASE}: CPU`, 1),
            figure: 'added CPU',
            ...UNJUDGED,
          },
          memory(host),
          ...(host === 'webpack'
            ? [{ ...atMostMore('ours: cache', `${BASE}: cache`, 1, 'MB'), figure: 'cache' }]
            : []),
        ],
      };
    }),
  );
}

/** Peak memory of the bundler's processes, more than of the build without the imports. */
function memory(host: string): Target {
  const subject = 'ours: peak memory';
  const against = `${BASE}: peak memory`;
  return {
    ...(host in limits ? atMostMore(subject, against, 40, 'MB') : more(subject, against, 'MB')),
    figure: 'memory',
  };
}
