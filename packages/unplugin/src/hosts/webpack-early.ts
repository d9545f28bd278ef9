import fs from 'node:fs';
import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import { OutputCopy, type OutputSettings } from '../output.ts';
import type { FinalAssets } from './webpack-assets.ts';
import { SeenDirectories } from './webpack-directories.ts';
import type { Listing, PlacedAsset } from './webpack-listing.ts';
import { inTurn } from './webpack-outputs.ts';
import { mayHaveChanged } from './webpack-source.ts';

/** Whether there is nothing in a directory, or no directory. */
export function isVacant(directory: string): boolean {
  try {
    return fs.readdirSync(directory).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * A copy into an output that nothing is in yet, begun while the modules are built. Whether the build will be written
 * nobody knows by then. When it is, and anything is not as this copy has left it, another one sees to that; when it is
 * not, all files are taken away again.
 */
export class EarlyCopy {
  readonly #settings: OutputSettings;
  /** The first directory on the way to the output that was not there. */
  readonly #missing: string | undefined;
  readonly #report: Promise<CopyReport | undefined>;
  readonly #began = Date.now();
  #copy: OutputCopy | undefined;
  /** What it has left, from the moment when it was over. */
  #places: SeenDirectories | undefined;
  #isOver = false;

  constructor(settings: OutputSettings) {
    this.#settings = settings;
    this.#missing = firstMissing(settings.directory);
    this.#report = inTurn(settings.directory, () => this.#run()).catch(() => {
      // Whatever is wrong, the next copy says so if it still is.
      return undefined;
    });
  }

  /** What was placed, once no thread works on it any more; nothing where that failed. */
  async finish(): Promise<CopyReport | undefined> {
    return this.#report;
  }

  /** Whether a copy that is made now would find everything as this one has left it. */
  async isFinal(listing: Listing, { left }: FinalAssets): Promise<boolean> {
    const { assets, links, leavesOutput, folders, repeated } = listing;
    const report = await this.#report;
    if (!report || left.length + links.length > 0 || leavesOutput) return false;
    if (report.warnings.some((warning) => !repeated.includes(warning))) return false;
    if ((await this.#copy!.overlapMessages()).length > 0) return false;
    const copied = new Map(report.entries!.map(({ source, destination }) => [destination, source]));
    const isSame = ({ file }: PlacedAsset) => copied.get(file.destination) === file.source;
    if (copied.size !== assets.length || !assets.every(isSame) || !this.#places!.areSame) return false;
    const looked = [...folders, ...assets.map(({ file }) => file)];
    return looked.every(({ source }) => !mayHaveChanged(source, this.#began));
  }

  /** The build was not written. */
  async undo(): Promise<void> {
    this.#isOver = true;
    await this.#copy?.cancel();
    await this.#report;
    const { directory } = this.#settings;
    await inTurn(directory, async () => {
      const nothing = new OutputCopy({ ...this.#settings, publicTargets: [], targets: [] });
      await nothing.settle().catch(() => {
        // Then what was placed stays, as after a build that was ended by force.
      });
      removeEmpty(directory);
      if (this.#missing !== undefined) removeEmpty(this.#missing, { itself: true });
    });
  }

  async #run(): Promise<CopyReport | undefined> {
    if (this.#isOver) return undefined;
    this.#copy = new OutputCopy(this.#settings);
    await this.#copy.settle();
    const report = await this.#copy.report();
    const { directory } = this.#settings;
    const directories = report.entries!.map(({ destination }) => path.dirname(destination));
    this.#places = new SeenDirectories([...new Set([directory, ...directories])]);
    return report;
  }
}

function firstMissing(directory: string): string | undefined {
  let missing: string | undefined;
  for (let current = directory; !fs.existsSync(current); current = path.dirname(current)) missing = current;
  return missing;
}

function removeEmpty(directory: string, { itself = false } = {}): void {
  try {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) removeEmpty(path.join(directory, entry.name), { itself: true });
    if (itself) fs.rmdirSync(directory);
  } catch {
    // Gone already, or something in it is not ours.
  }
}
