import fs from 'node:fs';
import type { FileList, ListedFile } from 'fs-reflink/list';

/** For so long no file of a copy that was stopped must appear, until no thread is taken to work on it any more. */
const QUIET_MS = 100;
const PAUSE_MS = 5;
/** A file that is neither complete nor deleted by then is somebody else's. */
const PATIENCE_MS = 2000;

/**
 * Deletes, while the process exits, the files that a copy has made in an output that was vacant, and directories of
 * theirs that are empty then. A file counts as made by the copy if it has its source's size and modification time.
 *
 * @param isOver no thread works on the copy any more; otherwise it was stopped, and this waits for the threads
 */
export function deleteCopy({ files, folders }: FileList, directory: string, isOver: boolean): void {
  const started = performance.now();
  let changed = started;
  for (;;) {
    const { deleted, others } = deleteFiles(files);
    const now = performance.now();
    if (deleted > 0) changed = now;
    if (isOver || now - started > PATIENCE_MS || (others === 0 && now - changed > QUIET_MS)) break;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  removeEmptyDirectories(folders, directory);
}

/** Removes those directories of a copy that are empty, the output itself excepted. */
export function removeEmptyDirectories(folders: FileList['folders'], directory: string): void {
  const below = folders.map(({ destination }) => destination).filter((each) => each !== directory);
  // Deepest first.
  for (const each of [...new Set(below)].sort((one, other) => other.length - one.length)) removeIfEmpty(each);
}

export function removeIfEmpty(directory: string): void {
  try {
    fs.rmdirSync(directory);
  } catch {
    // Gone already, or something in it is not ours.
  }
}

function deleteFiles(files: readonly ListedFile[]): { deleted: number; others: number } {
  let deleted = 0;
  let others = 0;
  for (const { source, destination, link } of files) {
    try {
      if (!fs.lstatSync(destination, { throwIfNoEntry: false })) continue;
      if (isCopyOf(source, destination, link)) {
        fs.unlinkSync(destination);
        deleted++;
      } else others++;
    } catch {
      // It is in use, or the source is gone: then it cannot be told whose it is.
      others++;
    }
  }
  return { deleted, others };
}

function isCopyOf(source: string, destination: string, link: boolean): boolean {
  const copy = fs.lstatSync(destination, { bigint: true });
  if (link) return copy.isSymbolicLink() && fs.readlinkSync(destination) === fs.readlinkSync(source);
  const original = fs.statSync(source, { bigint: true });
  return copy.isFile() && copy.size === original.size && copy.mtimeNs === original.mtimeNs;
}
