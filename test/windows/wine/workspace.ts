import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../../support/tools.ts';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

const MANIFESTS = [
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'packages/core/package.json',
  'packages/unplugin/package.json',
  'test/package.json',
];

const SOURCES = [
  'packages/core/src',
  'packages/core/dist',
  'packages/unplugin/src',
  'packages/unplugin/dist',
  'test/support',
  'test/windows',
];

/** Without pnpm's own layout: Wine shows its links as directories, and a package would not find its own ones. */
const INSTALL = [
  '--frozen-lockfile',
  '--ignore-scripts',
  ...['--os', 'win32', '--cpu', 'x64'],
  ...['--node-linker', 'hoisted'],
];

/** Copies this repository to `to`, as it is now, with the dependencies it has on Windows. */
export function placeRepository(to: string): void {
  for (const path of [...MANIFESTS, ...SOURCES]) {
    if (existsSync(join(REPOSITORY, path)))
      cpSync(join(REPOSITORY, path), join(to, path), { recursive: true });
  }
  const installed = join(windowsDependencies(), 'node_modules');
  mkdirSync(join(to, 'node_modules'));
  for (const name of readdirSync(installed)) {
    if (!name.startsWith('.')) symlinkSync(join(installed, name), join(to, 'node_modules', name));
  }
  for (const directory of ['core', 'unplugin']) {
    const { name } = JSON.parse(readFileSync(join(to, 'packages', directory, 'package.json'), 'utf8'));
    symlinkSync(`../packages/${directory}`, join(to, 'node_modules', name));
  }
}

/** All dependencies at the versions and with the checksums of the lockfile, but built for Windows. */
function windowsDependencies(): string {
  const hash = createHash('sha256').update(INSTALL.join());
  for (const path of MANIFESTS) hash.update(readFileSync(join(REPOSITORY, path)));
  return cached(`windows-dependencies-${hash.digest('hex').slice(0, 16)}`, (directory) => {
    for (const path of MANIFESTS) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      copyFileSync(join(REPOSITORY, path), join(directory, path));
    }
    execFileSync('npx', ['--yes', 'pnpm@12', 'install', ...INSTALL], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // The workspace's own packages.
    for (const name of readdirSync(join(directory, 'node_modules'))) {
      const path = join(directory, 'node_modules', name);
      if (lstatSync(path).isSymbolicLink()) unlinkSync(path);
    }
  });
}
