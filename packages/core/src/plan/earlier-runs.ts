/**
 * What a copy needs where earlier runs count, because there is a manifest or something may be deleted, and for a dry
 * run. Loaded for those alone: most copies have neither.
 */

export { DestinationIndex } from './destination-index.ts';
export { ExpectedDestination } from './expected-destination.ts';
export { Manifest } from './manifest.ts';
export { pruneEverything, pruneStale } from './prune.ts';
export { refuseSources } from './sources.ts';
export { UnchangedDetector } from './unchanged-detector.ts';
