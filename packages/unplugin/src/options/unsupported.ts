import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The versions that the entry for each bundler supports. */
const BUNDLERS = {
  bun: 'Bun 1.3 or newer',
  esbuild: 'esbuild 0.19 or newer',
  farm: 'Farm 1.7 or newer',
  rolldown: 'Rolldown 1',
  rollup: 'Rollup 4',
  rsbuild: 'Rsbuild 2',
  rspack: 'Rspack 2',
  vite: 'Vite 6, 7 or 8',
  webpack: 'webpack 5.76 or newer',
};

/** The versions that the entry for each framework supports. */
const FRAMEWORKS = { astro: 'Astro 6 or newer' };

const NEEDS = { ...BUNDLERS, ...FRAMEWORKS };

export type Entry = keyof typeof NEEDS;

/** The remedy if no plugin can copy. */
export const AFTER_THE_BUILD =
  'copy after the build, with the command "fs-reflink cp" or with copy() of the package fs-reflink';

/** The remedy in a bundler that no entry of the package supports. */
export const NO_ENTRY = `No entry of unplugin-reflink supports it. Build with another bundler, or ${AFTER_THE_BUILD}`;

/** The remedy in a version of a bundler that the bundler's entry does not support. */
export const UPDATE = `Update it, or ${AFTER_THE_BUILD}`;

/** The remedy in a bundler that another entry supports. */
export function useEntry(entry: Entry): string {
  return `Use "unplugin-reflink/${entry}"`;
}

/** The same, if the bundler is only a guess. */
export function useEntryIn(bundler: string, entry: Entry): string {
  return `In ${bundler}, use "unplugin-reflink/${entry}"`;
}

/** The error for a bundler that an entry does not support. `found` is the name and version of the bundler. */
export function unsupported(entry: Entry, found: string, remedy: string): TypeError {
  return new TypeError(
    `unplugin-reflink/${entry} works in ${NEEDS[entry]}, and this build runs in ${found}. ${remedy}.`,
  );
}

/** The same in Rollup or Rolldown. The first argument is the `meta` of a hook's context. */
export function unsupportedIn(
  { rollupVersion, rolldownVersion }: { rollupVersion: string; rolldownVersion?: string },
  entry: Entry,
): TypeError {
  if (rolldownVersion) return unsupported(entry, `Rolldown ${rolldownVersion}`, useEntry('rolldown'));
  return unsupported(entry, `Rollup ${rollupVersion}`, useEntry('rollup'));
}

/** The error for a bundler that unplugin supports, but no host of this package does. */
export function noHost(framework: string): TypeError {
  const found = framework[0]!.toUpperCase() + framework.slice(1);
  return new TypeError(
    `unplugin-reflink works in ${Object.values(BUNDLERS).join(', ')}, and this build runs in ${found}. ${NO_ENTRY}.`,
  );
}

/** Whether a version is older than another one. Compares "major.minor" and ignores everything after that. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [otherMajor = 0, otherMinor = 0] = than.split('.').map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/**
 * The version of the package that calls the plugin, for bundlers that do not tell their version. Returns undefined if
 * no function of that package is on the stack.
 */
export function callingVersion(name: string): string | undefined {
  for (const [, location] of (new Error().stack ?? '').matchAll(
    /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^\n]*?):\d+:\d+/g,
  )) {
    const file = location!.startsWith('file:') ? fileURLToPath(location!) : location!;
    for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
      const found = packageIn(directory);
      if (found?.name === name) return found.version;
      if (found || path.dirname(directory) === directory) break;
    }
  }
  return undefined;
}

function packageIn(directory: string): { name: string; version: string } | undefined {
  try {
    const found = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
    // A package.json without a name only sets the type of the modules below it.
    return typeof found.name === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}
