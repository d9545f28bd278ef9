import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLaneNames } from './optional-lanes.ts';

const packages = ['core', 'unplugin'].map((name) =>
  fileURLToPath(new URL(`../../packages/${name}`, import.meta.url)),
);

/** Worker threads and child processes run the built packages, so outdated packages are built before the tests. */
export default function build(): void {
  checkLaneNames();
  for (const directory of packages) {
    if (isUpToDate(directory)) continue;
    const tsdown = join(directory, 'node_modules/tsdown/dist/run.mjs');
    execFileSync(process.execPath, [tsdown, '--config-loader', 'native', '--logLevel', 'error'], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

function isUpToDate(directory: string): boolean {
  const built = statSync(join(directory, 'dist/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources(join(directory, 'src')).every((source) => statSync(source).mtimeMs < built);
}

function sources(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(directory, name));
}
