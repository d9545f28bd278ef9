import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeVersion } from '../nodes.ts';
import type { BenchKind } from '../stage.ts';
import { runNode, runProgram } from './children.ts';
import { type Contender, type Figure, megabytes, ms } from './contender.ts';

/** A first copy; one into a destination that is right already; one where a single file has changed since. */
export type Occasion = 'first' | 'unchanged' | 'changed';

/** What is measured of a contender besides its time, as the end of a figure's name. */
export const aspects = {
  whole: 'spawn to exit',
  cpu: 'CPU',
  memory: 'peak memory',
  thread: 'JS thread held up',
  data: 'new data',
  cache: 'cache',
  scripts: 'JS files',
  loaded: 'JS loaded',
} as const;

export const libraries = [
  'ours',
  "Vite's copy",
  'fs.cp',
  'fs.cpSync',
  'fs-extra',
  'cpy',
  '@reflink/reflink',
] as const;
export type Library = (typeof libraries)[number] | 'ours, no manifest' | "ours, overwrite: 'changed'";
const slow: Library[] = ['fs.cp', 'fs-extra', 'cpy', '@reflink/reflink'];

export function peerContenders(kind: BenchKind, occasion: Occasion): Contender[] {
  const clones = kind === 'btrfs' || kind === 'xfs';
  return [...libraries.map((library) => peer(library, occasion)), cpProgram(clones, occasion)];
}

/** A library in a process of its own. Its import counts, the start of Node.js only from spawn to exit. */
export function peer(
  library: Library,
  occasion: Occasion,
  { name = library as string, node }: { name?: string; node?: NodeVersion } = {},
): Contender {
  // To watch the thread takes processor time, which is not to be counted.
  const counted = node ? [] : ['held'];
  return {
    name,
    slow: slow.includes(library),
    run(from, to) {
      const once = () => runNode('peer.js', [library, from, to, ...counted], node?.program);
      const answer = repeated(once, occasion, from);
      const figures: Record<string, Figure> = {
        [name]: ms(answer.ms),
        [`${name}: ${aspects.whole}`]: ms(answer.wholeMs),
        [`${name}: ${aspects.memory}`]: megabytes(answer.peakBytes),
        ...(node
          ? { [`${name}: ${aspects.cpu}`]: ms(answer.cpuMs) }
          : { [`${name}: ${aspects.thread}`]: ms(answer.gapMs) }),
      };
      const methods = Object.entries(answer.methods ?? {});
      const note = methods.map(([method, { files }]) => `${method} ${files}`).join(', ');
      return { figures, ...(note && { note }) };
    },
  };
}

/** The program cp(1), which has no JavaScript thread to hold up. */
export function cpProgram(clones: boolean, occasion: Occasion): Contender {
  const flags = ['-r', ...(clones ? ['--reflink=auto'] : []), ...(occasion === 'first' ? [] : ['--update'])];
  const name = ['cp', ...flags].join(' ');
  return {
    name,
    run(from, to) {
      const once = () => runProgram('cp', [...flags, '--preserve=timestamps', '-T', from, to]);
      const { wholeMs } = repeated(once, occasion, from);
      return { figures: { [name]: ms(wholeMs), [`${name}: ${aspects.whole}`]: ms(wholeMs) } };
    },
  };
}

function repeated<T>(once: () => T, occasion: Occasion, from: string): T {
  if (occasion === 'first') return once();
  once();
  if (occasion === 'changed') rewriteOne(from);
  return once();
}

/** Other bytes, as many as before. */
function rewriteOne(from: string): void {
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' })
    .map((path) => join(from, path))
    .filter((path) => statSync(path).isFile())
    .sort();
  const path = files[Math.floor(files.length / 2)]!;
  const content = randomBytes(statSync(path).size);
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, content);
  closeSync(descriptor);
}
