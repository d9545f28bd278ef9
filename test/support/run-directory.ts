import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VARIABLE = 'REFLINK_RUN_DIRECTORY';

/** A directory for what several test files of a run use. Every user may enter it. */
export const runDirectory = (): string => process.env[VARIABLE]!;

/** Creates it before all tests, and deletes it after them. Vitest calls this once for each project. */
export default function create(): (() => void) | undefined {
  if (process.env[VARIABLE] !== undefined) return undefined;
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-run-')));
  chmodSync(directory, 0o755);
  process.env[VARIABLE] = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
