import fs from 'node:fs/promises';
import type { CopyReport } from 'fs-reflink';
import type { ResolvedOptions } from '../options/options.ts';
import { allowedRoots, type OutputTargets } from '../targets/targets.ts';
import { cacheDirectoryOf, cacheWarning, manifestFile } from './cache.ts';
import type { Collision } from './collisions.ts';
import { type Emptied, type EmptySettings, type EmptySnapshot, emptyOutput, snapshotOf } from './empty.ts';
import { type HostLog, messageOf } from './log.ts';
import { OutputCopy, type OutputSettings } from './output.ts';
import { Preparation } from './preparation.ts';
import { type ClaimedRecord, claimRecord, isRecorded } from './record-index.ts';
import { logReport } from './summary.ts';
import { addBundle, beginInTurn, bundlesOfOthers, exclusive, removeBundles } from './turns.ts';

/** A build of a bundler, or all builds of a watcher. */
export interface BuildSettings {
  /** The bundler, in lower case: what one has copied is nothing to others. */
  host: string;
  options: ResolvedOptions;
  log: HostLog;
  /** Absolute path: the project, which paths in messages are relative to. */
  root: string;
  /** Where the host keeps what may be thrown away, if it says so itself. */
  cacheOfHost?: string;
  /** Given by a watcher that has a new object for each of its builds. */
  preparation?: Preparation;
}

/** What is copied into one output directory, and how. */
export interface CopySettings
  extends Omit<
    OutputSettings,
    'cacheDirectory' | 'orphaned' | 'emptied' | 'engine' | 'preparation' | 'dryRun'
  > {
  /** Whether to empty the directory before the copy begins, where {@link BuildCopies.empty} has not been called. */
  empty?: boolean;
  /** Whether the report tells what happened to each file. */
  entries?: boolean;
  /** How many bundles are written there. The report is logged when all are. */
  bundles?: number;
}

interface Output {
  copy: OutputCopy;
  targets: OutputTargets;
  /** How many bundles will be written there, as far as is known, how many of these have begun, and how many are written. */
  bundles: { expected: number; begun: number; written: number };
  isReported: boolean;
}

const NOTHING = { publicTargets: [], targets: [] };

/** The copies of one build, one for each output directory, from its start to its end. */
export class BuildCopies {
  readonly #settings: BuildSettings;
  readonly #preparation: Preparation;
  readonly #records = new Map<string, ClaimedRecord>();
  readonly #snapshots = new Map<string, EmptySnapshot>();
  readonly #emptied = new Map<string, Emptied>();
  readonly #outputs = new Map<string, Output>();
  /** By output directory: resolves when the copy into it has started, after the copies of other builds. */
  #turns = new Map<string, Promise<void>>();
  readonly #warned = new Set<string>();
  /** A hook has rejected with the error. */
  #hasRejected = false;

  constructor(settings: BuildSettings) {
    this.#settings = settings;
    this.#preparation = settings.preparation ?? new Preparation();
  }

  /** Where records of the project are kept. */
  get cacheDirectory(): string {
    const { options, root, cacheOfHost } = this.#settings;
    return cacheDirectoryOf(options, root, cacheOfHost);
  }

  /** A build is certain. `busy`: the bundler runs on this thread. Returns whether worker threads boot for its copies. */
  prepare({ publicTargets, targets }: OutputTargets, { busy = false }: { busy?: boolean } = {}): boolean {
    return this.#preparation.prepare(() => ({ targets: [...publicTargets, ...targets], busy }));
  }

  /** Whether a copy was begun in this build. */
  get begun(): boolean {
    return this.#outputs.size > 0;
  }

  /**
   * An instance of the plugin copies `targets` into an output directory: until {@link release} what it copies there is
   * recorded apart from what others do. `configuration` is what distinguishes it from others of the bundler.
   */
  claim(directory: string, configuration: unknown, targets: unknown): void {
    if (this.#records.has(directory)) return;
    const { host, options } = this.#settings;
    const record = claimRecord({ host, configuration, targets }, this.cacheDirectory, directory, options);
    this.#records.set(directory, record);
  }

  /** No build follows that needs the records. */
  release(): void {
    for (const record of this.#records.values()) record.release();
    this.#records.clear();
  }

  #recordOf(directory: string): Pick<ClaimedRecord, 'cacheDirectory' | 'orphaned'> {
    return this.#records.get(directory) ?? { cacheDirectory: this.cacheDirectory, orphaned: [] };
  }

  /**
   * The bundler would empty an output directory now, before it is certain that it writes there: what is there now is deleted
   * when the copy begins that is to empty it. To be called after {@link loadEmptying}.
   */
  snapshot(directory: string, keep: string[]): void {
    if (this.#snapshots.has(directory) || this.copiesInto(directory)) return;
    const { cacheDirectory } = this.#recordOf(directory);
    this.#snapshots.set(directory, snapshotOf({ directory, cacheDirectory, keep }));
  }

  /** Empties an output directory where the bundler would have, before it returns. To be called after {@link loadEmptying}. */
  empty(settings: Omit<EmptySettings, 'cacheDirectory' | 'snapshot'>): void {
    const { directory } = settings;
    const { cacheDirectory } = this.#recordOf(directory);
    const snapshot = this.#snapshots.get(directory);
    this.#emptied.set(directory, emptyOutput({ ...settings, cacheDirectory, snapshot }));
  }

  /** Whether this build has emptied an output directory. */
  hasEmptied(directory: string): boolean {
    return this.#emptied.has(directory);
  }

  /** Whether a copy into an output directory was begun in this build. */
  copiesInto(directory: string): boolean {
    return this.#outputs.has(directory);
  }

  /** Whether every copy that was begun has ended and is reported. */
  get finished(): boolean {
    return [...this.#outputs.values()].every(({ isReported }) => isReported);
  }

  /** Begins to copy into an output directory, once per build however many bundles are written there. */
  begin({ entries = false, empty = false, bundles = 1, ...settings }: CopySettings): void {
    const { directory, publicTargets, assets, targets } = settings;
    const begun = this.#outputs.get(directory);
    if (begun) {
      begun.bundles.begun++;
      begun.copy.addAssets(assets ?? []);
      return;
    }
    const { options, root } = this.#settings;
    const { engine, report, dryRun } = options;
    const { cacheDirectory, orphaned } = this.#recordOf(directory);
    const warning = cacheWarning(cacheDirectory);
    if (warning) this.warnOnce([warning]);
    if (empty) this.empty(settings);
    const copy = new OutputCopy({
      ...settings,
      cacheDirectory,
      // The first copy deletes what they name.
      orphaned: orphaned.splice(0),
      emptied: this.#emptied.get(directory),
      preparation: this.#preparation,
      dryRun,
      engine: {
        ...engine,
        allowedRoots: allowedRoots(root, directory),
        entries: entries || report === 'verbose',
      },
    });
    this.#outputs.set(directory, {
      copy,
      targets: { publicTargets, assets, targets },
      bundles: { expected: bundles, begun: 1, written: 0 },
      isReported: false,
    });
  }

  /**
   * {@link begin} when no other build of this process copies into the directory any more, and not at all if this build has
   * ended by then. `names` are files of the bundle, relative to the directory: other builds are told of them.
   */
  async beginInTurn(
    directory: string,
    names: readonly string[],
    settingsOf: () => Omit<CopySettings, 'directory' | 'written'>,
  ): Promise<void> {
    const turns = this.#turns;
    const begin = () => {
      if (turns === this.#turns)
        this.begin({ ...settingsOf(), directory, written: bundlesOfOthers(directory, this) });
    };
    addBundle(directory, this, names);
    const begun = turns.get(directory);
    const copied = () => this.waitForCopies(directory);
    const turn = begun ? begun.then(begin) : beginInTurn(directory, begin, copied);
    turns.set(directory, turn);
    await turn;
  }

  /** Copies when no other build of this process copies into the directory any more, where nothing is written meanwhile. */
  async copy(settings: CopySettings): Promise<CopyReport> {
    const { directory } = settings;
    return exclusive(directory, async () => {
      this.begin(settings);
      const [report] = await this.finish(directory);
      return report!;
    });
  }

  /**
   * Deletes what an earlier build copied into an output directory, for an instance whose options name nothing any more.
   * A host calls it when its bundle is written; where the output is emptied, nothing is left to delete.
   */
  async deleteLeftOver(directory: string, configuration: unknown): Promise<void> {
    const { host, options } = this.#settings;
    if (!isRecorded({ host, configuration }, this.cacheDirectory, directory)) return;
    await exclusive(directory, async () => {
      this.claim(directory, configuration, NOTHING);
      const { cacheDirectory } = this.#recordOf(directory);
      try {
        this.begin({ directory, ...NOTHING, keep: [] });
        await this.finish(directory);
        // Nothing is to be looked for in the next build.
        if (!options.dryRun) await fs.rm(manifestFile(cacheDirectory, directory), { force: true });
      } finally {
        await this.end({ keepWorkers: false });
        this.release();
      }
    });
  }

  /**
   * A bundle with these files is about to be written. A copy that has failed already ends the build here, before
   * the bundler meets the same full disk and reports less about it.
   */
  async deleteCollisions(names: readonly string[], directory?: string): Promise<void> {
    if (directory !== undefined) addBundle(directory, this, names);
    await this.#rejecting(
      this.#at(directory).map(async ({ copy }) =>
        this.warnOnce(messagesOf(await copy.deleteCollisions(names))),
      ),
    );
  }

  /** Resolves when everything is copied that does not wait for a bundle. */
  async waitForCopies(directory?: string): Promise<void> {
    await this.#rejecting(this.#at(directory).map(({ copy }) => copy.waitForCopy()));
  }

  /** A bundle was written: resolves when every file is copied, and logs the report. */
  async finish(directory?: string): Promise<CopyReport[]> {
    const outputs = this.#at(directory);
    for (const { bundles } of outputs) bundles.written++;
    const reports = await this.#rejecting(
      outputs.map(async (output) => {
        const { copy } = output;
        await copy.waitForCopy();
        this.warnOnce(messagesOf(copy.overlaps));
        // Another bundle that is still to be written may be what they win over.
        if (isWritten(output)) {
          await copy.copyTargetsAgain();
          this.warnOnce(await copy.overlapMessages());
        }
        return copy.report();
      }),
    );
    for (const [position, output] of outputs.entries()) {
      if (output.isReported || !isComplete(output)) continue;
      output.isReported = true;
      this.warnOnce(reports[position]!.warnings);
      const { options, log, root } = this.#settings;
      await logReport(reports[position]!, output.targets, output.copy.directory, options, log, root);
    }
    return reports;
  }

  /** Whether a target has replaced a file of the bundle that was written before. */
  winsAt(directory: string): boolean {
    return this.#at(directory).some(({ copy }) => copy.overlaps.some(({ target }) => target !== undefined));
  }

  /** The build is over, or failed: nothing of it is left running. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    const copies = this.#at().map(({ copy }) => copy);
    const hasRejected = this.#hasRejected;
    const emptied = [...this.#snapshots].filter(([directory]) => this.hasEmptied(directory));
    this.#outputs.clear();
    this.#warned.clear();
    this.#snapshots.clear();
    this.#emptied.clear();
    this.#turns = new Map();
    this.#hasRejected = false;
    removeBundles(this);
    const errors = await Promise.all(copies.map((copy) => copy.cancel()));
    const error = errors.find((each) => each !== undefined);
    // The bundler met the same full disk, and its error was first.
    if (error !== undefined && !hasRejected) this.#settings.log.error(messageOf(error));
    // Not earlier, because a plugin may have found the directories and may write into them late.
    for (const [, snapshot] of emptied) snapshot.deleteEmptyDirectories();
    if (!keepWorkers) await this.#preparation.dispose();
  }

  /** The copy into one output, or all copies. An output that no copy was begun for is a mistake of the host's. */
  #at(directory?: string): Output[] {
    if (directory === undefined) return [...this.#outputs.values()];
    const output = this.#outputs.get(directory);
    if (output) return [output];
    throw new Error(
      `no copy into ${JSON.stringify(directory)} has begun in this build, or it has ended already`,
    );
  }

  async #rejecting<T>(outcomes: Promise<T>[]): Promise<T[]> {
    try {
      return await Promise.all(outcomes);
    } catch (error) {
      this.#hasRejected = true;
      throw error;
    }
  }

  /** The build is not to warn of this. */
  silence(messages: readonly string[]): void {
    for (const message of messages) this.#warned.add(message);
  }

  /** Logs the warnings that this build has not logged yet. */
  warnOnce(messages: readonly string[]): void {
    for (const message of messages) {
      if (this.#warned.has(message)) continue;
      this.#warned.add(message);
      this.#settings.log.warn(message);
    }
  }
}

function isWritten({ bundles }: Output): boolean {
  return bundles.written >= bundles.begun;
}

function isComplete(output: Output): boolean {
  return isWritten(output) && output.bundles.written >= output.bundles.expected;
}

function messagesOf(collisions: readonly Collision[]): string[] {
  return collisions.map(({ message }) => message);
}
