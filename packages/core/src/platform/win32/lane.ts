import type { System } from '../system.ts';
import { loadBindings } from './bindings.ts';
import { win32System } from './win32.ts';

/** Throws where koffi cannot be loaded. */
export function loadLane(): System {
  return win32System(loadBindings());
}
