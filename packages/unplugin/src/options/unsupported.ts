import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What each entry for a bundler is made for. */
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

/** What each entry for a framework is made for. */
const FRAMEWORKS = { astro: 'Astro 6 or newer' };

const NEEDS = { ...BUNDLERS, ...FRAMEWORKS };

export type Entry = keyof typeof NEEDS;

/** What to do where no plugin can. */
export const AFTER_THE_BUILD =
  'copy after the build, with the command "fs-reflink cp" or with copy() of the package fs-reflink';

/** What to do in a bundler that no entry of the package is made for. */
export const NO_ENTRY = `No entry of unplugin-reflink supports it. Build with another bundler, or ${AFTER_THE_BUILD}`;

/** What to do in a bundler that an entry is made for, but not for this version of it. */
export const UPDATE = `Update it, or ${AFTER_THE_BUILD}`;

/** What to do in a bundler that has an entry of its own. */
export function useEntry(entry: Entry): string {
  return `Use "unplugin-reflink/${entry}"`;
}

/** The same, where the bundler is only a guess. */
export function useEntryIn(bundler: string, entry: Entry): string {
  return `In ${bundler}, use "unplugin-reflink/${entry}"`;
}

/** The error for a bundler that an entry is not made for. `found` is its name and version. */
export function unsupported(entry: Entry, found: string, remedy: string): TypeError {
  return new TypeError(
    `unplugin-reflink/${entry} works in ${NEEDS[entry]}, and this build runs in ${found}. ${remedy}.`,
  );
}

/** The error for a bundler that the plugin of all bundlers is made for by unplugin, but not here. */
export function noHost(framework: string): TypeError {
  const found = framework[0]!.toUpperCase() + framework.slice(1);
  return new TypeError(
    `unplugin-reflink works in ${Object.values(BUNDLERS).join(', ')}, and this build runs in ${found}. ${NO_ENTRY}.`,
  );
}

/** Whether a version is older than another one; both as "major.minor", with anything after that. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [otherMajor = 0, otherMinor = 0] = than.split('.').map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/**
 * The version of the package that calls the plugin, for bundlers that do not give it. Undefined where no function of
 * that package is on the stack.
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
    // One without a name only says which modules lie below it.
    return typeof found.name === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}
