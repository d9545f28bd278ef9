/** How often this process watches a file or directory, as the kernel counts (inotify). */
export function watchesOf(place: string): number;

/** Waits until this process watches all of these and reads none any more: before, a change may be missed. Only Linux tells. */
export function untilWatched(...places: string[]): Promise<void>;

/** Creates or replaces a file on the filesystem of the temporary directory in one step: whoever watches it sees one change. */
export function replaceAtOnce(path: string, content: string): void;
