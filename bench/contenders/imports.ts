import type { NodeVersion } from '../nodes.ts';
import { type Answer, runNode } from './children.ts';
import { type Contender, ms } from './contender.ts';
import { aspects } from './peers.ts';

/** What a process takes more when it imports `entry`, and copies too where `copies`, than one that does nothing. */
export function importing(entry: string, node: NodeVersion, { copies = false } = {}): Contender {
  const name = copies ? `${entry}, first copy` : entry;
  let loaded: Answer | undefined;
  return {
    name,
    leaves: copies ? 'copy' : 'nothing',
    run(from, to) {
      const run = (what: string, ...args: string[]) => runNode('imports.js', [what, ...args], node.program);
      const places = (copy: string) => (copies ? [from, copy] : []);
      const empty = run('time');
      const full = run('time', entry, ...places(to));
      loaded ??= run('count', entry, ...places(`${to}-counted`));
      return {
        figures: {
          [name]: ms(full.wholeMs - empty.wholeMs),
          [`${name}: ${aspects.cpu}`]: ms(full.cpuMs - empty.cpuMs),
          [`${name}: ${aspects.scripts}`]: { value: loaded.files, unit: 'files' },
          [`${name}: ${aspects.loaded}`]: { value: loaded.bytes / 1000, unit: 'kB' },
        },
      };
    },
  };
}
