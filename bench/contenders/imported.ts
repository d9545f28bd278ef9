import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesBelow } from '../child/hosts.js';
import { runNode } from './children.ts';
import { type Contender, megabytes, ms } from './contender.ts';
import { CACHES, type Which } from './hosts.ts';

/** What the page imports, and who copies it. */
export const variants = {
  'no imports': 'none',
  "bundler's own": 'plain',
  ours: 'ours',
} as const;

/** A build of a page that imports the files of the source, by the bundler alone or with the option `assets`. */
export function importedBuild(host: string, name: keyof typeof variants, which: Which): Contender {
  return {
    name,
    // Under names with hashes.
    leaves: 'nothing',
    run(from, to) {
      const root = dirname(from);
      for (const cache of CACHES) rmSync(join(root, cache), { recursive: true, force: true });
      const once = () => runNode('import-build.js', [host, variants[name], root, to]);
      if (which === 'next build') once();
      const answer = once();
      const missing = bytesBelow(from) - bytesBelow(to);
      if (name !== 'no imports' && missing > 0)
        throw new Error(`${host}, ${name}: ${missing} bytes of what is imported are not in the output`);
      return {
        figures: {
          [name]: ms(answer.ms),
          [`${name}: CPU`]: ms(answer.cpuMs),
          [`${name}: peak memory`]: megabytes(answer.peakBytes),
          ...(host === 'webpack' && { [`${name}: cache`]: megabytes(bytesBelow(join(root, '.webpack'))) }),
        },
      };
    },
  };
}
