/**
 * What a copy needs where earlier runs count, because there is a manifest or something may be deleted, and for a dry
 * run. Loaded for those alone: most copies have neither.
 */
export { Manifest } from './manifest.ts';
export { Memory } from './memory.ts';
export { Outlook } from './outlook.ts';
export { PlannedTree } from './planned-tree.ts';
export { pruneEverything, pruneStale } from './prune.ts';
export { refuseSources } from './sources.ts';
