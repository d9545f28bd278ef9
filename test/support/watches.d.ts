/** The number of inotify watches that this process has on a file or directory, as the kernel reports it. */
export function watchesOf(place: string): number;

/**
 * Waits until this process watches all these places and no longer reads any: before that, a change may be missed.
 * Only Linux reports watches.
 */
export function untilWatched(...places: string[]): Promise<void>;

/**
 * Creates or replaces a file in one step, on the filesystem of the temporary directory: a watcher sees one change.
 */
export function replaceAtOnce(path: string, content: string): void;
