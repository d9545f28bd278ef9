/**
 * The modules for a copy with a manifest or with deletion, and for a dry run. They are loaded only then, because most
 * copies need none of them.
 */

export { DestinationIndex } from './destination-index.ts';
export { ExpectedDestination } from './expected-destination.ts';
export { keptIn, nameBelow } from './kept.ts';
export { Manifest } from './manifest.ts';
export { noteLost, pruneEverything, pruneStale } from './prune.ts';
export { LostNames, rememberChange } from './record.ts';
export { refuseSources } from './sources.ts';
export { UnchangedDetector } from './unchanged-detector.ts';
