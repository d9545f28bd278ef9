import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { standInNotes } from '../output/cache.ts';
import { standInAt } from './stand-in.ts';

/**
 * Notes that the bundler of this build is going to write stand-ins, so that the next build deletes the stand-ins of a
 * killed build. `directory` is the absolute path of the output. Returns a function to call when the stand-ins of this
 * build are replaced or deleted.
 */
export function noteStandIns(cacheDirectory: string, directory: string): () => void {
  const prefix = standInNotes(cacheDirectory, directory);
  const own = `${prefix}${process.pid}-${randomUUID()}`;
  try {
    fs.mkdirSync(path.dirname(own), { recursive: true });
    fs.writeFileSync(own, '');
  } catch {
    // Without the note, stand-ins of a killed build stay if no later build writes files of the same names.
  }
  return () => {
    try {
      fs.rmSync(own, { force: true });
      const others = notesOf(prefix);
      if (others.length === 0 || others.some((note) => isRunning(note, prefix))) return;
      deleteStandIns(directory);
      for (const note of others) fs.rmSync(note, { force: true });
    } catch {
      // Something belongs to another user. A note that stays makes a later build try again.
    }
  };
}

/** If something cannot be read or deleted, deletes the rest and then throws the last error. */
function deleteStandIns(directory: string): void {
  // A build that fails early may have no output.
  if (!fs.existsSync(directory)) return;
  let failure: { error: unknown } | undefined;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const found = path.join(directory, entry.name);
    try {
      if (entry.isDirectory()) deleteStandIns(found);
      else if (standInAt(found) !== undefined) fs.rmSync(found);
    } catch (error) {
      failure = { error };
    }
  }
  if (failure) throw failure.error;
}

function notesOf(prefix: string): string[] {
  const directory = path.dirname(prefix);
  if (!fs.existsSync(directory)) return [];
  const all = fs.readdirSync(directory).map((name) => path.join(directory, name));
  return all.filter((each) => each.startsWith(prefix));
}

/** Whether the process that wrote a note still runs. */
function isRunning(note: string, prefix: string): boolean {
  const pid = Number.parseInt(note.slice(prefix.length), 10);
  try {
    // In a container, a killed build may have had the same number. Its note is older than this process.
    if (pid === process.pid) return fs.statSync(note).mtimeMs > Date.now() - process.uptime() * 1000;
    return process.kill(pid, 0);
  } catch (error) {
    // The process belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
