import { darwinSystem } from '../../packages/core/src/platform/darwin/darwin.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { doubleBindings } from './double.ts';

let system: System | undefined;

/** Stands in for `platform/load.ts`, so that the package runs over the double. */
export function loadSystem(): System {
  return (system ??= darwinSystem(doubleBindings()));
}
