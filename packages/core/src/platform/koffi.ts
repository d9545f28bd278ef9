import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export type Koffi = typeof import('koffi');

/**
 * musl's dynamic linker by architecture, for the architectures whose addons all have the same kind of name. koffi has
 * a separate addon for musl.
 */
const MUSL: Readonly<Record<string, string>> = {
  x64: '/lib/ld-musl-x86_64.so.1',
  arm64: '/lib/ld-musl-aarch64.so.1',
};

/**
 * Loads koffi's addon directly, which takes 1 ms; koffi's own search for it takes 6 ms more. If the addon is not in
 * its usual place, koffi searches for it.
 *
 * @throws if there is no prebuilt koffi for this runtime or addons are off
 */
export function loadKoffi(): Koffi {
  const file = import.meta.url ? fileURLToPath(import.meta.url) : __filename;
  return loadAddon(file) ?? createRequire(file)('koffi');
}

/** Loads the koffi addon that belongs to `file`; undefined if it is not in its usual place. */
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

/** @throws if no directory above has koffi */
function findKoffi(directory: string): string {
  const koffi = path.join(directory, 'node_modules/koffi');
  const parent = path.dirname(directory);
  return parent === directory || existsSync(koffi) ? realpathSync(koffi) : findKoffi(parent);
}
