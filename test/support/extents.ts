import { execFileSync } from 'node:child_process';
import { lstatSync, statfsSync } from 'node:fs';

interface Extent {
  logical: number;
  physical: number;
  length: number;
  flags: string[];
}

/**
 * Whether all blocks of two files are the same physical blocks.
 *
 * Returns `'inline'` if a file is so small that btrfs keeps it in its metadata: it has no blocks to share, so that
 * neither true nor false would prove anything. Files without blocks (empty, or one hole) share nothing.
 */
export function sharesExtents(fileA: string, fileB: string): boolean | 'inline' {
  return eachSharesExtents([[fileA, fileB]])[0]!;
}

/** {@link sharesExtents} for each of several pairs, by one process. */
export function eachSharesExtents(pairs: readonly (readonly [string, string])[]): (boolean | 'inline')[] {
  const extents = pairs.length > 0 ? extentsOf(pairs.flat()) : [];
  return pairs.map((_pair, index) => areShared(extents[2 * index]!, extents[2 * index + 1]!));
}

function areShared(extentsA: Extent[], extentsB: Extent[]): boolean | 'inline' {
  const all = [...extentsA, ...extentsB];
  if (all.some(({ flags }) => flags.includes('inline'))) return 'inline';
  if (extentsA.length === 0) return false;
  const shared = all.every(({ flags }) => flags.includes('shared') && !flags.includes('unknown_loc'));
  return shared && placement(extentsA) === placement(extentsB);
}

/** The bytes that a file occupies on the disk, without holes. */
export function allocatedBytes(path: string): number {
  return lstatSync(path).blocks * 512;
}

/** The bytes that are allocated on a filesystem, including everything written so far. */
export function usedBytes(mountPoint: string): number {
  execFileSync('sync', ['-f', mountPoint]);
  const { blocks, bfree, bsize } = statfsSync(mountPoint);
  return (blocks - bfree) * bsize;
}

/** `-s` writes the files to the disk first: before that their blocks may not have a place yet. */
function extentsOf(paths: string[]): Extent[][] {
  const output = execFileSync('filefrag', ['-s', '-b1', '-v', ...paths], { encoding: 'utf8', stdio: 'pipe' });
  const sections = output.split(/^File size of .*$/m).slice(1);
  if (sections.length !== paths.length) throw new Error(`filefrag said: ${output}`);
  return sections.map(extentsIn);
}

function extentsIn(output: string): Extent[] {
  const row = /^\s*\d+:\s*(\d+)\.\.\s*\d+:\s*(\d+)\.\.\s*\d+:\s*(\d+):(?:\s*\d+:)?\s*(\S*)$/;
  return output.split('\n').flatMap((line) => {
    const [, logical, physical, length, flags] = row.exec(line) ?? [];
    if (flags === undefined) return [];
    return [
      {
        logical: Number(logical),
        physical: Number(physical),
        length: Number(length),
        flags: flags.split(','),
      },
    ];
  });
}

/** Joins adjacent extents, because one extent of a file may be recorded as two in the other. */
function placement(extents: Extent[]): string {
  const joined: [logical: number, physical: number, length: number][] = [];
  for (const { logical, physical, length } of extents) {
    const last = joined.at(-1);
    if (last && last[0] + last[2] === logical && last[1] + last[2] === physical) last[2] += length;
    else joined.push([logical, physical, length]);
  }
  return JSON.stringify(joined);
}
