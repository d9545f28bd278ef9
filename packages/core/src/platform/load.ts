import { loadBindings as loadDarwin } from './darwin/bindings.ts';
import { darwinSystem } from './darwin/darwin.ts';
import { loadBindings as loadLinux } from './linux/bindings.ts';
import { linuxSystem } from './linux/linux.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';
import { loadBindings as loadWindows } from './win32/bindings.ts';
import { win32System } from './win32/win32.ts';

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
    if (process.platform === 'linux') return linuxSystem(loadLinux());
    if (process.platform === 'darwin') return darwinSystem(loadDarwin());
    if (process.platform === 'win32') return win32System(loadWindows());
    return portableSystem(`no native lane for ${process.platform} yet`);
  } catch (error) {
    return portableSystem(error instanceof Error ? error.message : String(error));
  }
}
