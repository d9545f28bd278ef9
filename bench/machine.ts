import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from './contenders/children.ts';

/** The load above which other work takes part in what is measured. */
const IDLE = 0.5;

/** Of the averages as they are described, of several runs one after the other. */
export const isBusy = (load = ''): boolean => load.split('; ').some((each) => Number.parseFloat(each) > IDLE);

/** Comes back when the average of the last minute has fallen so far that the machine counts as idle. */
export async function waitUntilIdle(): Promise<void> {
  for (let said = false; loadavg()[0]! > IDLE; said = true) {
    if (!said) console.log(`waits until the load is below ${IDLE}; it is ${loadavg()[0]!.toFixed(2)}`);
    await setTimeout(5_000);
  }
}

/** `versions` are those of Node.js that take part. */
export function describeMachine(versions: string[]): Record<string, string> {
  return {
    date: new Date().toISOString(),
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `${type()} ${release()}`,
    load: loadavg()
      .map((average) => average.toFixed(2))
      .join(' '),
    node: versions.join(', '),
    packages: ['fs-reflink', 'unplugin-reflink', 'vite']
      .map((name) => `${name} ${versionOf(name)}`)
      .join(', '),
    cp: firstLine('cp'),
    gcc: firstLine('gcc'),
  };
}

function versionOf(name: string): string {
  const path = createRequire(fileURLToPath(import.meta.url)).resolve(`${name}/package.json`);
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

function firstLine(command: string): string {
  return runProgram(command, ['--version']).stdout.split('\n')[0]!;
}
