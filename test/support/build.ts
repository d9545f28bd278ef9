import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const core = fileURLToPath(new URL('../../packages/core', import.meta.url));

/** Worker threads and child processes run the built engine: before a run it is built if it is out of date. */
export default function build(): void {
  if (isUpToDate()) return;
  const tsdown = join(core, 'node_modules/tsdown/dist/run.mjs');
  execFileSync(process.execPath, [tsdown, '--config-loader', 'native', '--logLevel', 'error'], {
    cwd: core,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function isUpToDate(): boolean {
  const built = statSync(join(core, 'dist/worker.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources(join(core, 'src')).every((source) => statSync(source).mtimeMs < built);
}

function sources(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(directory, name));
}
