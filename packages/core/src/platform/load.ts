import { createRequire } from 'node:module';
import { loadBindings } from './linux/bindings.ts';
import { linuxSystem } from './linux/linux.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';

let system: System | undefined;

/**
 * The fastest system that this runtime allows, loaded once per thread. `FS_REFLINK_NATIVE=off` in the environment
 * selects node:fs.
 */
export function loadSystem(): System {
  return (system ??= choose());
}

function choose(): System {
  if (process.env.FS_REFLINK_NATIVE === 'off') return portableSystem('switched off by FS_REFLINK_NATIVE');
  try {
    if (process.platform === 'linux') return linuxSystem(loadBindings());
    if (process.platform === 'darwin' || process.platform === 'win32') return loadLane(process.platform);
    return portableSystem(`no native lane for ${process.platform} yet`);
  } catch (error) {
    return portableSystem(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Loads the system of macOS or Windows. It is built into a file of its own, because parsing both takes 6 ms that
 * Linux does not need. The file is beside the one that contains this code; if this runs from source, it is the built
 * one in `dist`, because Node.js 20 does not run TypeScript.
 */
function loadLane(platform: 'darwin' | 'win32'): System {
  // If a bundler converts this to CommonJS, `import.meta.url` is empty.
  const here = import.meta.url || __filename;
  const isSource = here.endsWith('.ts');
  const lane = createRequire(here)(`${isSource ? '../../dist' : '.'}/${platform}.cjs`) as {
    loadLane(): System;
  };
  return lane.loadLane();
}
