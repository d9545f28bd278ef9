import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesBelow } from '../child/hosts.js';
import { runNode } from './children.ts';
import { type Contender, megabytes, ms } from './contender.ts';

/** A build into a new directory; the next one in a fresh process, with nothing changed. */
export type Which = 'first build' | 'next build';

export const CACHES = ['.vite', '.webpack', 'node_modules/.vite', 'node_modules/.cache'];

/** The source is the public directory of a page; every first build finds no cache. */
export function hostBuild(host: string, variant: string, which: Which): Contender {
  const name = variant === 'none' ? 'no copy' : variant;
  return {
    name,
    slow: host !== 'esbuild' && !['none', 'builtin'].includes(variant) && !variant.startsWith('ours'),
    leaves: variant === 'none' ? 'nothing' : 'copy and more',
    run(from, to) {
      const root = dirname(from);
      for (const cache of CACHES) rmSync(join(root, cache), { recursive: true, force: true });
      const once = () => runNode('host-build.js', [host, variant, root, to]);
      if (which === 'next build') once();
      const answer = once();
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

export function esbuildRebuild(variant: string): Contender {
  const name = variant === 'none' ? 'no copy' : variant;
  return {
    name,
    leaves: variant === 'none' ? 'nothing' : 'copy and more',
    run(from, to) {
      rmSync(join(dirname(from), 'node_modules/.cache'), { recursive: true, force: true });
      return { figures: { [name]: ms(runNode('host-rebuild.js', [variant, dirname(from), to]).ms) } };
    },
  };
}

/** One change arrives: of a module without any copying, and of a public file with the plugin. */
export function hostWatch(host: string, change: 'bundle' | 'asset'): Contender {
  const name = change === 'asset' ? `${host}, one public file` : `${host}, one module`;
  return {
    name,
    leaves: 'nothing',
    run(from, to) {
      const root = dirname(from);
      for (const cache of CACHES) rmSync(join(root, cache), { recursive: true, force: true });
      return { figures: { [name]: ms(runNode('host-watch.js', [host, change, root, to]).ms) } };
    },
  };
}
