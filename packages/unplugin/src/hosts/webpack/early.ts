import fs from 'node:fs';
import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { FileList } from 'fs-reflink/list';
import { isInside } from '../../nested.ts';
import { OutputCopy, type OutputSettings } from '../../output.ts';
import type { FinalAssets } from './assets.ts';
import { SeenDirectories } from './directories.ts';
import type { Listing, PlacedAsset } from './listing.ts';
import { inTurn } from './outputs.ts';
import { mayHaveChanged } from './source.ts';
import { deleteCopy, removeEmptyDirectories, removeIfEmpty } from './undo.ts';

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
 * not, its files are deleted again, also when the process exits before anybody can wait for that.
 */
export class EarlyCopy {
  readonly #settings: OutputSettings;
  /** The first directory on the way to the output that was not there. */
  readonly #missing: string | undefined;
  readonly #report: Promise<CopyReport | undefined>;
  readonly #began = Date.now();
  #copy: OutputCopy | undefined;
  /** What it has left, from the moment when it was over. */
  #directories: SeenDirectories | undefined;
  #isOver = false;
  #isComplete = false;
  readonly #exit = () => this.#undoAtExit();
  /** Loaded by the time there is anything to undo. */
  #lister: typeof import('fs-reflink/list') | undefined;

  constructor(settings: OutputSettings) {
    this.#settings = settings;
    this.#missing = firstMissing(settings.directory);
    this.#report = inTurn(settings.directory, () => this.#run()).catch(() => {
      // Whatever is wrong, the next copy says so if it still is.
      return undefined;
    });
    process.once('exit', this.#exit);
  }

  /** The build is about to be written: nothing is to be undone any more. */
  keep(): void {
    process.off('exit', this.#exit);
  }

  /** What was copied, once no thread works on it any more; nothing where that failed. */
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
    if (copied.size !== assets.length || !assets.every(isSame) || !this.#directories!.areSame) return false;
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
        // Then what was copied stays, as after a build that was ended by force.
      });
      const { folders } = this.#list() ?? { folders: [] };
      removeEmptyDirectories(folders, directory);
      this.#removeOutput();
    });
    process.off('exit', this.#exit);
  }

  /** Nothing that takes a turn of the event loop happens any more. */
  #undoAtExit(): void {
    this.#isOver = true;
    this.#copy?.stop();
    const list = this.#list();
    if (list) deleteCopy(list, this.#settings.directory, this.#isComplete || !this.#copy);
    this.#removeOutput();
  }

  #removeOutput(): void {
    const { directory } = this.#settings;
    const missing = this.#missing;
    if (missing === undefined) return;
    for (let current = directory; isInside(missing, current); current = path.dirname(current))
      removeIfEmpty(current);
  }

  /** What the copy was to copy, as far as it is there still. */
  #list(): FileList | undefined {
    const { directory, publicTargets, targets, engine } = this.#settings;
    const { symlinks = 'follow', allowedRoots } = engine;
    try {
      return this.#lister?.listSync([...publicTargets, ...targets], {
        cwd: directory,
        symlinks,
        allowMissing: true,
        ...(allowedRoots && { allowedRoots }),
      });
    } catch {
      // Sources have changed so that nothing can be told: then what was copied stays.
      return undefined;
    }
  }

  async #run(): Promise<CopyReport | undefined> {
    this.#lister = await import('fs-reflink/list');
    if (this.#isOver) return undefined;
    this.#copy = new OutputCopy(this.#settings);
    await this.#copy.settle();
    const report = await this.#copy.report();
    this.#isComplete = true;
    const { directory } = this.#settings;
    const directories = report.entries!.map(({ destination }) => path.dirname(destination));
    this.#directories = new SeenDirectories([...new Set([directory, ...directories])]);
    return report;
  }
}

function firstMissing(directory: string): string | undefined {
  let missing: string | undefined;
  for (let current = directory; !fs.existsSync(current); current = path.dirname(current)) missing = current;
  return missing;
}
