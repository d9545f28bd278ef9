import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runProgram } from './contenders/children.ts';

export function describeMachine(): Record<string, string> {
  return {
    date: new Date().toISOString(),
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `${type()} ${release()}`,
    load: loadavg()
      .map((average) => average.toFixed(2))
      .join(' '),
    node: process.version,
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
