import { createRequire } from 'node:module';
import { loadBindings } from './linux/bindings.ts';
import { linuxSystem } from './linux/linux.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';

let system: System | undefined;

/**
 * The fastest lane this runtime allows, loaded once per thread. `FS_REFLINK_NATIVE=off` in the environment
 * keeps to node:fs.
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
 * The lane of another platform, built into a file of its own: parsing both takes 6 ms where neither is needed. Beside
 * the file this is built into; from source it is the built one too, because Node.js 20 runs no TypeScript.
 */
function loadLane(platform: 'darwin' | 'win32'): System {
  // A bundler that makes CommonJS of this leaves `import.meta.url` empty.
  const here = import.meta.url || __filename;
  const isSource = here.endsWith('.ts');
  const lane = createRequire(here)(`${isSource ? '../../dist' : '.'}/${platform}.cjs`) as {
    loadLane(): System;
  };
  return lane.loadLane();
}
