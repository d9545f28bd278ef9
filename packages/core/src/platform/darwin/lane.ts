import type { System } from '../system.ts';
import { loadBindings } from './bindings.ts';
import { darwinSystem } from './darwin.ts';

/** Throws where koffi cannot be loaded. */
export function loadLane(): System {
  return darwinSystem(loadBindings());
}
