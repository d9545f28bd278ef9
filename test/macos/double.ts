import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import { type Bindings, loadBindings } from '../../packages/core/src/platform/darwin/bindings.ts';
import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import { cannotMount, type FilesystemKind } from '../support/filesystems.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { SystemBench } from '../support/system-bench.ts';

const SOURCE = fileURLToPath(new URL('libsystem.c', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/macos-double', import.meta.url));
const FLAGS = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];

/** The double of libSystem for one of Node's architecture names, built when its source changed. */
export function buildDouble(arch = 'x64'): string {
  const version = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const library = join(CACHE, `${arch}-${version}.so`);
  if (existsSync(library)) return library;
  mkdirSync(CACHE, { recursive: true });
  const scratch = `${library}.${process.pid}`;
  const macro = arch === 'arm64' ? ['-DDARWIN_ARM64'] : [];
  execFileSync('gcc', [...FLAGS, ...macro, '-o', scratch, SOURCE], { stdio: ['ignore', 'ignore', 'pipe'] });
  // Another process may be building it too.
  renameSync(scratch, library);
  return library;
}

/** The engine's bindings, to the double. */
export function doubleBindings(arch = 'x64'): Bindings {
  return loadBindings({ library: buildDouble(arch), arch });
}

interface Controls {
  knowCloneFlags(flags: number): void;
  haveContiguousSpace(has: number): void;
  /** Bytes reserved since the last call. */
  takeReserved(): number;
  nameFilesystem(name: string): void;
}

/** What the double lets a test set. */
export function controls(): Controls {
  const library = koffi().load(buildDouble());
  return {
    knowCloneFlags: library.func('void double_know_clone_flags(uint32_t)'),
    haveContiguousSpace: library.func('void double_have_contiguous_space(int)'),
    takeReserved: library.func('int64_t double_take_reserved()'),
    nameFilesystem: library.func('void double_name_filesystem(const char *)'),
  };
}

interface Koffi {
  load(library: string | null): { func(...declaration: unknown[]): (...args: unknown[]) => never };
}

/** The engine's koffi: the tests have none of their own. */
export function koffi(): Koffi {
  return createRequire(new URL('../../packages/core/package.json', import.meta.url))('koffi') as Koffi;
}

export type Overrides = (real: Bindings) => Partial<Bindings>;

/** Files copied over macOS's functions, which fail as a test wants them to. */
export class Bench extends SystemBench {
  constructor(
    overrides: Overrides,
    settings: Partial<TransferSettings> = {},
    places: { source?: string; destination?: string; tree?: string } = {},
  ) {
    const real = doubleBindings();
    super(darwinSystem({ ...real, ...overrides(real) }), settings, places);
  }
}

/**
 * Describes what needs the double, and filesystems of these kinds. Where there is none it is skipped with the
 * reason in its name, or fails if nothing may be skipped.
 */
export function describeMacos(name: string, kinds: FilesystemKind[], body: () => void): void {
  const reason = reasonToSkip('macos', () => obstacle(kinds));
  if (reason === undefined) describe(`macOS double: ${name}`, body);
  else describe.skip(`macOS double: ${name} (skipped: ${reason})`, body);
}

function obstacle(kinds: FilesystemKind[]): string | undefined {
  if (process.platform !== 'linux') return `the double needs Linux, this is ${process.platform}`;
  if (spawnSync('gcc', ['--version']).error) return 'gcc is not installed';
  for (const kind of kinds) {
    const reason = cannotMount(kind);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
