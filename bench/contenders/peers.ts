import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchKind } from '../stage.ts';
import { runNode, runProgram } from './children.ts';
import { type Contender, type Figure, megabytes, ms } from './contender.ts';

/** A first copy; one into a destination that is right already; one where a single file has changed since. */
export type Occasion = 'first' | 'unchanged' | 'changed';

/** What is measured of a contender besides its time, as the end of a figure's name. */
export const aspects = {
  whole: 'spawn to exit',
  memory: 'peak memory',
  thread: 'JS thread held up',
  data: 'new data',
  cache: 'cache',
} as const;

const libraries = [
  'ours',
  "Vite's copy",
  'fs.cp',
  'fs.cpSync',
  'fs-extra',
  'cpy',
  '@reflink/reflink',
] as const;
export type Library = (typeof libraries)[number];

export function peerContenders(kind: BenchKind, occasion: Occasion): Contender[] {
  const clones = kind === 'btrfs' || kind === 'xfs';
  return [...libraries.map((library) => peer(library, occasion)), program(clones, occasion)];
}

/** A library in a process of its own. Its import counts, the start of Node.js only from spawn to exit. */
export function peer(library: Library, occasion: Occasion): Contender {
  return {
    name: library,
    run(from, to) {
      const once = () => runNode('peer.js', [library, from, to]);
      const answer = repeated(once, occasion, from);
      const figures: Record<string, Figure> = {
        [library]: ms(answer.ms),
        [`${library}: ${aspects.whole}`]: ms(answer.wholeMs),
        [`${library}: ${aspects.memory}`]: megabytes(answer.peakBytes),
        [`${library}: ${aspects.thread}`]: ms(answer.gapMs),
      };
      const methods = Object.entries(answer.methods ?? {});
      const note = methods.map(([method, { files }]) => `${method} ${files}`).join(', ');
      return { figures, ...(note && { note }) };
    },
  };
}

/** The program cp(1), which has no JavaScript thread to hold up. */
function program(clones: boolean, occasion: Occasion): Contender {
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
