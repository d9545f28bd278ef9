import type { ResolvedTarget } from '../target.ts';
import type { Files } from './files.ts';

/**
 * Which directories of the destination are copies: `root` says that the target's `to` and all below it are, `below`
 * that only what lies in it is. Undefined: their names are not those of source directories.
 */
export type Mirrors = 'root' | 'below' | undefined;

/** What was found in one directory and goes to one directory. */
export interface Folder extends Files {
  /** Absolute path. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** Path below `root`, with forward slashes; empty for `root` itself. */
  below: string;
  /** Which directories on the way there are copies of directories of the source. */
  mirrors?: Mirrors;
  target: ResolvedTarget;
  /** Its path, or a name in it, is not UTF-8. */
  raw?: boolean | undefined;
  /** All of it is in place already. `alone`: and nothing else is in its destination. */
  unchanged?: { alone: boolean } | undefined;
}

/** A directory of a walk: where it is, relative to where the walk began, and its files. */
export interface WalkedDirectory extends Files {
  source: string;
  /** With forward slashes; empty for the root. */
  relative: string;
  unchanged?: Folder['unchanged'];
  raw?: Folder['raw'];
  /** It is, or lies in, a directory below the root that is a link. */
  linked?: boolean;
}
