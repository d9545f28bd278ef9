import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadSystem } from '../platform/load.ts';
import type { System } from '../platform/system.ts';
import { type CopiedDirectory, setDirectoryAttributes } from './directories.ts';

const BEFORE = new Date('2001-02-03T04:05:06Z');

it('directories get their attributes from the inside out, and those on the way to them are opened once', () => {
  const root = mkdtempSync(join(tmpdir(), 'fs-reflink-directories-'));
  try {
    const below = ['', 'a', 'a/b', 'a/b/one', 'a/b/other', 'a-b', 'z/deep/deeper'];
    const inner = ['z', 'z/deep'];
    const copies = below.map((each): CopiedDirectory => {
      for (const side of ['in', 'out']) mkdirSync(join(root, side, each), { recursive: true });
      return { source: join(root, 'in', each), root: join(root, 'out'), below: each };
    });
    for (const each of below.toReversed()) utimesSync(join(root, 'in', each), BEFORE, BEFORE);
    const native = loadSystem();
    const opened: string[] = [];
    const open = new Set<number>();
    const note = (directory: ReturnType<System['openChild']>) => {
      if (typeof directory !== 'number') {
        opened.push(directory.path.slice(root.length + 1));
        open.add(directory.fd);
      }
      return directory;
    };
    const set: string[] = [];
    const system: System = {
      ...native,
      openForAttributes(directory) {
        set.push(directory.path.slice(root.length + 1));
        return native.openForAttributes(directory);
      },
      openDirectory: (path) => note(native.openDirectory(path)),
      openChild: (directory, name) => note(native.openChild(directory, name)),
      closeDirectory(directory) {
        open.delete(directory.fd);
        native.closeDirectory(directory);
      },
    };
    const settings = { preserve: ['timestamps'], preserveDirectories: true };
    setDirectoryAttributes(
      system,
      settings as never,
      copies,
      () => {},
      () => {},
    );
    for (const each of below) expect(statSync(join(root, 'out', each)).mtime, each).toEqual(BEFORE);
    const ofCopies = opened.filter((each) => each.startsWith('out'));
    expect(ofCopies.sort()).toEqual([...below, ...inner].map((each) => join('out', each)).sort());
    expect(open.size).toBe(0);
    expect(set).toHaveLength(below.length);
    for (const [position, each] of set.entries())
      expect(set.slice(position).filter((later) => later.startsWith(`${each}/`))).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
