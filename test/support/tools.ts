import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An npm package that only one lane needs: a runtime of another platform, a compiler. */
export interface Tool {
  name: string;
  version: string;
  /** The integrity of the tarball, as the registry states it. */
  integrity: string;
}

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/lane-tools', import.meta.url));

/**
 * A directory that is filled once and kept beside the dependencies. `name` has to include everything that its content
 * depends on. Any number of processes may call this at the same time: each gets the complete directory.
 */
export function cached(name: string, fill: (directory: string) => void): string {
  const home = join(CACHE, name);
  if (existsSync(home)) return home;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'fill-'));
  try {
    fill(scratch);
    // Another process may have filled it first.
    if (!existsSync(home)) renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return home;
}

/**
 * The directory of an npm package, downloaded once. It is not a dependency, because it has some hundred megabytes
 * that only one lane needs, for other platforms.
 */
export function fetchTool({ name, version, integrity }: Tool): string {
  return cached(`${name.replaceAll('/', '+')}@${version}`, (directory) => {
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', directory], {
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
    });
    const tarball = join(directory, readdirSync(directory).find((file) => file.endsWith('.tgz'))!);
    verify(tarball, integrity);
    execFileSync('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1']);
    rmSync(tarball);
  });
}

function verify(tarball: string, integrity: string): void {
  const [algorithm, expected] = integrity.split(/-(.*)/s) as [string, string];
  const actual = createHash(algorithm).update(readFileSync(tarball)).digest('base64');
  if (actual !== expected) throw new Error(`${tarball} is ${algorithm}-${actual}, not ${integrity}`);
}
