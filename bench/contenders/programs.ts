import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode, runProgram } from './children.ts';
import { type Contender, ms } from './contender.ts';

export function cp(...flags: string[]): Contender {
  const name = ['cp', '-r', ...flags].join(' ');
  return {
    name,
    run: (from, to) => ({ figures: { [name]: ms(runProgram('cp', ['-r', ...flags, from, to]).wholeMs) } }),
  };
}

const OUR_COMMAND = fileURLToPath(new URL('../../packages/core/bin/fs-reflink.js', import.meta.url));
const ARCHIVE = ['-a', '--reflink=always'];
export const archivedByCp: Contender = whole('cp', 'cp', ARCHIVE);
export const archivedByUs: Contender = whole('fs-reflink cp', process.execPath, [
  OUR_COMMAND,
  'cp',
  '-q',
  ...ARCHIVE,
]);

/** From its spawn to its exit. */
function whole(name: string, program: string, args: string[]): Contender {
  const label = [name, ...ARCHIVE].join(' ');
  return {
    name: label,
    run: (from, to) => ({ figures: { [label]: ms(runProgram(program, [...args, from, to]).wholeMs) } }),
  };
}

export const besideCp: Contender = {
  name: 'cp -r in another process',
  run(from, to) {
    return { figures: { 'cp -r in another process': ms(runNode('once.js', ['besideCp', from, to]).gapMs) } };
  },
};

export type FloorMode = 'clone' | 'copy_file_range' | 'read_write';
export const floorName = 'C, same system calls';

/** The engine's own system calls, made by a C program on as many threads. */
export function floor(program: string, mode: FloorMode): Contender {
  const threads = String(availableParallelism());
  return {
    name: floorName,
    run: (from, to) => ({
      figures: { [floorName]: ms(Number(runProgram(program, [mode, threads, from, to]).stdout)) },
      note: mode,
    }),
  };
}

export function compileFloor(directory: string): string {
  const program = join(directory, 'floor');
  const source = fileURLToPath(new URL('../floor.c', import.meta.url));
  runProgram('gcc', ['-O2', '-pthread', source, '-o', program]);
  return program;
}
