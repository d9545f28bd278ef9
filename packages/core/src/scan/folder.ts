import type { ResolvedTarget } from '../target.ts';
import type { Mirrors } from '../transfer/directories.ts';

/** A file or link found, and the name it gets. */
export interface FoundFile {
  name: string;
  /** Its name in the destination. */
  as: string;
  /** It is a link, or when links are followed it may be one. */
  link: boolean;
}

/** What was found in one directory and goes to one directory. */
export interface Folder {
  /** Absolute path. */
  source: string;
  /** Absolute path of the target's `to`. */
  root: string;
  /** Path below `root`, with forward slashes; empty for `root` itself. */
  below: string;
  /** Which directories on the way there are copies of directories of the source. */
  mirrors?: Mirrors;
  files: FoundFile[];
  target: ResolvedTarget;
  /** All of it is in place already. `alone`: and nothing else is in its destination. */
  settled?: { alone: boolean } | undefined;
}
