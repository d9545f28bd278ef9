import fs from 'node:fs/promises';
import path from 'node:path';
import { temporaryName } from '../transfer/temporary.ts';

export interface WriteOptions {
  /** Permission bits, exactly; undefined: those of any new file. */
  mode: number | undefined;
  /** The bytes reach the disk before the file gets its name. */
  sync: boolean;
  /** Gives the complete file, of that name in `directory`, its final one. */
  publish: (temporary: string) => void;
}

/** Writes a file under a temporary name, so that its own never holds part of it. */
export async function writeAnew(
  directory: string,
  bytes: Uint8Array,
  { mode, sync, publish }: WriteOptions,
): Promise<void> {
  const name = temporaryName();
  const temporary = path.join(directory, name);
  // If the name is taken, the file is somebody else's and stays.
  const handle = await fs.open(temporary, 'wx', mode === undefined ? 0o666 : mode & 0o700);
  try {
    try {
      await handle.writeFile(bytes);
      // Not at creation, where the process' mask would take bits away.
      if (mode !== undefined) await handle.chmod(mode);
      if (sync) await handle.datasync();
    } finally {
      await handle.close();
    }
    publish(name);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}
