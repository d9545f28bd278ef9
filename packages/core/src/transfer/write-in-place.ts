import { CopyError, systemError } from '../errors.ts';
import { EBUSY } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, Errno, System } from '../platform/system.ts';
import type { BothPaths } from './pair.ts';
import { temporaryName } from './temporary.ts';

const CHUNK = 1024 * 1024;
const OF_BACKUP = 0o600;

/** Sets the attributes of an open file that has the content of a complete copy. */
export type SetAttributes = (fd: number) => void;

/**
 * Writes the content of a complete file into an existing file that no file can be renamed over, because it is mounted
 * by itself. Deletes the complete file. A backup keeps the old content until that has succeeded, and is written back
 * if it fails. Returns a negative error number if the old file was not touched.
 */
export function writeInPlace(
  system: System,
  directory: Directory,
  temporary: string,
  name: string,
  paths: BothPaths,
  setAttributes?: SetAttributes,
): Errno {
  const { openExisting } = system;
  const status = new FileStatus();
  const isFile = (each: string) => system.status(directory, each, false, status) >= 0 && status.isRegular;
  if (!openExisting || !isFile(temporary) || !isFile(name)) return -EBUSY;
  const backup = temporaryName();
  let isBackupNeeded = false;
  try {
    const saved = write(system, directory, name, () => system.create(directory, backup, OF_BACKUP));
    if (saved < 0) return saved;
    const written = write(system, directory, temporary, () => openExisting(directory, name), setAttributes);
    if (written >= 0) {
      system.unlink(directory, temporary);
      return 0;
    }
    isBackupNeeded = write(system, directory, backup, () => openExisting(directory, name)) < 0;
    const error = systemError(-written, { ...paths, syscall: 'write' });
    if (!isBackupNeeded) throw error;
    // Gives the backup a name that is not temporary, if possible: later copies delete temporary files.
    const own = `${name}.before-copy`;
    const kept = system.renameExclusive(directory, backup, own) < 0 ? backup : own;
    const reason = `${error.reason}; the destination was written in place and could not be restored, its old content is in ${JSON.stringify(kept)}`;
    throw new CopyError({ ...error.details, reason });
  } finally {
    if (!isBackupNeeded) system.unlink(directory, backup);
  }
}

/**
 * Writes the content of one file into another. Sets the mode and times of the first, unless `setAttributes` sets the
 * attributes.
 */
function write(
  system: System,
  directory: Directory,
  from: string,
  open: () => number | Errno,
  setAttributes?: SetAttributes,
): Errno {
  const input = system.openSource(directory, from, false);
  if (input < 0) return input;
  const output = open();
  if (output < 0) {
    system.close(input);
    return output;
  }
  let isClosed = false;
  try {
    const moved = move(system, input, output);
    if (moved < 0) return moved;
    if (setAttributes) setAttributes(output);
    else {
      const status = new FileStatus();
      if (system.fileStatus(input, status) >= 0) {
        system.setMode(output, status.mode & 0o777);
        system.setTimes(output, status);
      }
    }
    const synced = system.sync(output);
    if (synced < 0) return synced;
    isClosed = true;
    return system.close(output);
  } finally {
    system.close(input);
    if (!isClosed) system.close(output);
  }
}

function move(system: System, input: number, output: number): Errno {
  const emptied = system.reset(input, output);
  if (emptied < 0) return emptied;
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  for (let position = 0; ; ) {
    const got = system.read(input, buffer, position);
    if (got <= 0) return got;
    position += got;
    for (let done = 0; done < got; ) {
      const written = system.write(output, buffer.subarray(done, got));
      if (written < 0) return written;
      done += written;
    }
  }
}
