import path from 'node:path';
import type { Target } from 'fs-reflink';
import type { sources } from 'webpack';
import type { FinalAssets } from './assets.ts';
import { SeenDirectories } from './directories.ts';
import type { Listing, PlacedAsset } from './listing.ts';
import { isIndependent } from './targets.ts';

/** What one build of a watcher has copied, so that the next has to look only at what has changed since. */
export class PlacedBefore {
  readonly #directory: string;
  readonly #sources: ReadonlyMap<string, sources.Source>;
  readonly #left: string;
  readonly #directories: readonly string[];
  #seen: SeenDirectories | undefined;

  constructor(directory: string, listing: Listing, { ours, left }: FinalAssets) {
    this.#directory = directory;
    this.#sources = new Map(ours.map(({ name, source }) => [name, source]));
    this.#left = left.join('\0');
    this.#directories = placesOf(listing);
  }

  /** The build it was made in is over: what is done to directories from here on is somebody else's doing. */
  look(): void {
    this.#seen ??= new SeenDirectories(this.#directories);
  }

  /**
   * The files that are to be copied again; undefined where any of them may be. webpack, too, looks no further at what
   * it wrote while it watches.
   */
  changed(directory: string, listing: Listing, { ours, left }: FinalAssets): PlacedAsset[] | undefined {
    const isSame =
      directory === this.#directory &&
      listing.links.length === 0 &&
      !listing.leavesOutput &&
      ours.length === this.#sources.size &&
      ours.every(({ name, given }) => this.#sources.has(name) && isIndependent(given)) &&
      left.join('\0') === this.#left &&
      placesOf(listing).join('\0') === this.#directories.join('\0') &&
      this.#seen?.areSame;
    return isSame ? ours.filter(({ name, source }) => this.#sources.get(name) !== source) : undefined;
  }
}

function placesOf({ folders }: Listing): string[] {
  return folders.map(({ destination }) => destination);
}

/** One file of a target as a target of its own. */
export function targetOf({ file: { source, destination } }: PlacedAsset): Target {
  return {
    from: source,
    to: path.dirname(destination),
    // Checked with the target it comes from.
    allowOutside: true,
    rename: path.basename(destination),
    overwrite: true,
  };
}
