import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import { EIO } from '../platform/errno.ts';
import { loadSystem } from '../platform/load.ts';
import type { Directory } from '../platform/system.ts';
import { writeInPlace } from './write-in-place.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fs-reflink-in-place-'));
  writeFileSync(join(root, 'file'), 'old');
  writeFileSync(join(root, 'complete'), 'new');
});
afterEach(() => rmSync(root, { recursive: true }));

/** Writes `complete` into `file`. All writes after the first `succeeding` fail. Returns the message of the error. */
function write(succeeding: number): string | undefined {
  const real = loadSystem();
  let writes = 0;
  const system = {
    ...real,
    write: (fd: number, bytes: Uint8Array) => (++writes > succeeding ? -EIO : real.write(fd, bytes)),
  };
  const directory = system.openDirectory(root) as Directory;
  try {
    writeInPlace(system, directory, 'complete', 'file', {
      source: 'source',
      destination: join(root, 'file'),
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    system.closeDirectory(directory);
  }
}

const read = (name: string) => readFileSync(join(root, name), 'utf8');

describe.skipIf(notLinux)(orSkipped('a file that is written in place', notLinux), () => {
  test('has the new content, and nothing is beside it', () => {
    expect(write(2)).toBeUndefined();
    expect(read('file')).toBe('new');
  });

  test.each([
    ['beside it', undefined],
    ['beside a file of that name, which stays', 'of the user'],
  ])('and cannot be restored has its old content %s', (_where, other) => {
    const taken = join(root, 'file.before-copy');
    if (other !== undefined) writeFileSync(taken, other);
    const [, kept] = /its old content is in "(.*)"$/.exec(write(1)!.replace(/ \(.*\)$/, ''))!;
    expect(read(kept!)).toBe('old');
    if (other !== undefined) expect(read('file.before-copy')).toBe(other);
    else expect(kept).toBe('file.before-copy');
  });
});
