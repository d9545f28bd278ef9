import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';

/** A directory that is gone after the test. */
export function workspace(): string {
  const path = realpathSync.native(mkdtempSync(join(tmpdir(), 'reflink-windows-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Describes what needs Windows, be it Wine's. */
export function describeOnWindows(name: string, body: () => void): void {
  if (process.platform === 'win32') describe(name, body);
  else describe.skip(`${name} (skipped: it needs Windows, this is ${process.platform})`, body);
}
