import type { ResolvedTarget } from '../target.ts';
import type { Files } from './files.ts';

/**
 * Which directories of the destination are copies: `root` means the target's `to` and everything below it, `below`
 * means only what is below it. Undefined: their names are not those of source directories.
 */
export type Mirrors = 'root' | 'below' | undefined;

/** Files that were found in one source directory and have one destination directory. */
export interface Folder extends Files {
  /** Absolute path. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** Path below `root`, with forward slashes; empty for `root` itself. */
  below: string;
  /** Which directories from `root` on are copies of directories of the source. */
  mirrors?: Mirrors;
  target: ResolvedTarget;
  /** Its path, or a name in it, is not UTF-8. */
  raw?: boolean | undefined;
  /** Present if all of its files are already up to date. `alone`: the destination directory contains nothing else. */
  unchanged?: { alone: boolean } | undefined;
}

/** A directory that a walk found: its path, also relative to the start of the walk, and its files. */
export interface WalkedDirectory extends Files {
  source: string;
  /** With forward slashes; empty for the start of the walk. */
  relative: string;
  unchanged?: Folder['unchanged'];
  raw?: Folder['raw'];
  /** Whether it is, or is inside, a linked directory below the start of the walk. */
  linked?: boolean;
}
