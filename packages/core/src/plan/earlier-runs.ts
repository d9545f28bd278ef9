/**
 * The modules for a copy with a manifest or with deletion, and for a dry run. They are loaded only then, because most
 * copies need none of them.
 */

export { dryRunSystem } from './dry-run-system.ts';
export { Manifest } from './manifest.ts';
export { prune } from './prune.ts';
export { UnchangedDetector } from './unchanged-detector.ts';
