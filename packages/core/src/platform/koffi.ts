import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export type Koffi = typeof import('koffi');

/** The linker of musl, which koffi has another addon for, by the architectures whose addons are all named alike. */
const MUSL: Readonly<Record<string, string>> = {
  x64: '/lib/ld-musl-x86_64.so.1',
  arm64: '/lib/ld-musl-aarch64.so.1',
};

/**
 * Loads koffi's addon by itself, which takes a millisecond; koffi takes six more to look for it. Where the addon is not
 * in its usual place that is left to koffi.
 *
 * @throws when there is no prebuilt koffi for this runtime or addons are off
 */
export function loadKoffi(): Koffi {
  const file = import.meta.url ? fileURLToPath(import.meta.url) : __filename;
  return loadAddon(file) ?? createRequire(file)('koffi');
}

/** Loads the addon of koffi for `file`; undefined where it is not found at once. */
export function loadAddon(file: string): Koffi | undefined {
  const { platform, arch } = process;
  const musl = MUSL[arch];
  if (musl === undefined || (platform === 'linux' && existsSync(musl))) return undefined;
  try {
    const koffi = findKoffi(path.dirname(file));
    const addon = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`;
    const own = path.join(koffi, 'node_modules', addon);
    const loaded = { exports: {} as Koffi };
    process.dlopen(loaded, existsSync(own) ? own : path.join(koffi, '..', addon));
    return loaded.exports;
  } catch {
    return undefined;
  }
}

/** @throws where no directory above has koffi */
function findKoffi(directory: string): string {
  const koffi = path.join(directory, 'node_modules/koffi');
  const parent = path.dirname(directory);
  return parent === directory || existsSync(koffi) ? realpathSync(koffi) : findKoffi(parent);
}
