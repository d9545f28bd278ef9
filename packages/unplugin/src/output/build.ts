import fs from 'node:fs/promises';
import type { CopyReport } from 'fs-reflink';
import type { ResolvedOptions } from '../options/options.ts';
import { allowedRoots, allTargets, type OutputTargets, warningsOfDestinations } from '../targets/targets.ts';
import { brief } from './brief-error.ts';
import { cacheDirectoryOf, cacheWarning, manifestFile } from './cache.ts';
import type { Collision } from './collisions.ts';
import {
  type Emptied,
  type EmptySettings,
  type EmptySnapshot,
  emptyOutput,
  endSnapshot,
  snapshotOf,
} from './empty.ts';
import { type HostLog, messageOf } from './log.ts';
import { OutputCopy, type OutputSettings } from './output.ts';
import { Preparation } from './preparation.ts';
import { type ClaimedRecord, claimRecord, isRecorded } from './record-index.ts';
import { logReport } from './summary.ts';
import { addBundle, beginInTurn, bundlesOfOthers, exclusive, removeBundles } from './turns.ts';

/** A build of a bundler, or all builds of a watcher. */
export interface BuildSettings {
  /** The name of the bundler, in lower case. Each bundler has its own records. */
  host: string;
  options: ResolvedOptions;
  log: HostLog;
  /** Absolute path of the project. Paths in messages are relative to it. */
  root: string;
  /** The host's own cache directory, if it has one. */
  cacheOfHost?: string;
  /** Set by a watcher that has a new object for each of its builds. */
  preparation?: Preparation;
}

/** What is copied into one output directory, and how. */
export interface CopySettings
  extends Omit<
    OutputSettings,
    'cacheDirectory' | 'orphaned' | 'emptied' | 'engine' | 'preparation' | 'dryRun'
  > {
  /** Whether to empty the directory before the copy starts, if {@link BuildCopies.empty} was not called. */
  empty?: boolean;
  /** Whether the report tells what happened to each file. */
  entries?: boolean;
  /** The number of bundles that are written there, 1 by default. The report is logged after the last one. */
  bundles?: number;
}

interface Output {
  copy: OutputCopy;
  targets: OutputTargets;
  /** The numbers of bundles for the directory: those that are expected, that have started, and that are written. */
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
  /** Whether a hook has rejected with the error of a copy. */
  #hasRejected = false;

  constructor(settings: BuildSettings) {
    this.#settings = settings;
    this.#preparation = settings.preparation ?? new Preparation();
  }

  /** The directory for the records of the project. */
  get cacheDirectory(): string {
    const { options, root, cacheOfHost } = this.#settings;
    return cacheDirectoryOf(options, root, cacheOfHost);
  }

  /** Call this when a build starts. `busy`: the bundler runs on this thread. */
  prepare(targets: OutputTargets, { busy = false }: { busy?: boolean } = {}): void {
    this.#preparation.prepare({ targets: allTargets(targets), busy });
  }

  /** Whether a copy has started in this build. */
  get begun(): boolean {
    return this.#outputs.size > 0;
  }

  /**
   * Call this before an instance of the plugin copies `targets` into an output directory. Until {@link release}, what
   * it copies there has its own record. `configuration` distinguishes the instance from others of the bundler.
   */
  claim(directory: string, configuration: unknown, targets: unknown): void {
    if (this.#records.has(directory)) return;
    const { host, options } = this.#settings;
    const record = claimRecord({ host, configuration, targets }, this.cacheDirectory, directory, options);
    this.#records.set(directory, record);
  }

  /** Call this when no further build needs the records. */
  release(): void {
    for (const record of this.#records.values()) record.release();
    this.#records.clear();
  }

  #recordOf(directory: string): Pick<ClaimedRecord, 'cacheDirectory' | 'orphaned'> {
    return this.#records.get(directory) ?? { cacheDirectory: this.cacheDirectory, orphaned: [] };
  }

  /**
   * Call this when the bundler would empty an output directory, although it is not certain yet that it writes there.
   * What exists now is deleted when a copy starts that empties the directory. Await {@link loadEmptying} before.
   */
  snapshot(directory: string, keep: string[]): void {
    if (this.#snapshots.has(directory) || this.copiesInto(directory)) return;
    const { cacheDirectory } = this.#recordOf(directory);
    this.#snapshots.set(directory, snapshotOf({ directory, cacheDirectory, keep }));
  }

  /** Empties an output directory synchronously, instead of the bundler. Await {@link loadEmptying} before. */
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

  /** Whether a copy into an output directory has started in this build. */
  copiesInto(directory: string): boolean {
    return this.#outputs.has(directory);
  }

  /** Whether every copy that has started has ended and is reported. */
  get finished(): boolean {
    return [...this.#outputs.values()].every(({ isReported }) => isReported);
  }

  /** Starts the copy into an output directory. Later calls for the directory only add a bundle and its assets. */
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
    // Not each output gets all that the options name.
    const named = {
      publicDirs: publicTargets.length > 0 ? options.publicDirs : [],
      targets: targets.length > 0 ? options.targets : [],
    };
    this.warnOnce(warningsOfDestinations(named, directory, root));
    if (empty) this.empty(settings);
    const copy = new OutputCopy({
      ...settings,
      cacheDirectory,
      // The first copy deletes the files that they name.
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
   * Calls {@link begin} when no other build of this process copies into the directory any more, unless this build has
   * ended by then. `names` are the files of the bundle, relative to the directory. Other builds respect them.
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

  /**
   * Copies when no other build of this process copies into the directory any more. For hosts that do not write the
   * bundle during the copy.
   */
  async copy(settings: CopySettings): Promise<CopyReport> {
    const { directory } = settings;
    return exclusive(directory, async () => {
      this.begin(settings);
      const [report] = await this.finish(directory);
      return report!;
    });
  }

  /**
   * Deletes what an earlier build copied into an output directory, for an instance whose options name nothing any
   * more. A host calls this when its bundle is written. If the output was emptied, there is nothing left to delete.
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
        // Without the manifest, the next build does not look for anything.
        if (!options.dryRun) await fs.rm(manifestFile(cacheDirectory, directory), { force: true });
      } finally {
        await this.end({ keepWorkers: false });
        this.release();
      }
    });
  }

  /**
   * Call this before a bundle with these files is written. Rejects if a copy has failed already, before the bundler
   * fails for the same reason (for example, a full disk) and reports less about it.
   */
  async deleteCollisions(names: readonly string[], directory?: string): Promise<void> {
    if (directory !== undefined) addBundle(directory, this, names);
    await this.#rejecting(
      this.#at(directory).map(async ({ copy }) =>
        this.warnOnce(messagesOf(await copy.deleteCollisions(names))),
      ),
    );
  }

  /** Resolves when everything is copied, except files that are copied after a bundle is written. */
  async waitForCopies(directory?: string): Promise<void> {
    await this.#rejecting(this.#at(directory).map(({ copy }) => copy.waitForCopy()));
  }

  /** Call this when a bundle is written. Resolves when all files are copied. Logs a report after the last bundle. */
  async finish(directory?: string): Promise<CopyReport[]> {
    const outputs = this.#at(directory);
    for (const { bundles } of outputs) bundles.written++;
    const reports = await this.#rejecting(
      outputs.map(async (output) => {
        const { copy } = output;
        await copy.waitForCopy();
        this.warnOnce(messagesOf(copy.overlaps));
        // Only after the last started bundle, because targets may replace files of each bundle.
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

  /** Whether a target has replaced a file of a bundle that was written before the copy. */
  winsAt(directory: string): boolean {
    return this.#at(directory).some(({ copy }) => copy.overlaps.some(({ target }) => target !== undefined));
  }

  /** Call this when the build ends or fails. Resolves when none of its copies runs any more. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    const copies = this.#at().map(({ copy }) => copy);
    const hasRejected = this.#hasRejected;
    const snapshots = [...this.#snapshots].map(
      ([directory, snapshot]) => [snapshot, { isEmptied: this.hasEmptied(directory) }] as const,
    );
    this.#outputs.clear();
    this.#warned.clear();
    this.#snapshots.clear();
    this.#emptied.clear();
    this.#turns = new Map();
    this.#hasRejected = false;
    removeBundles(this);
    const errors = await Promise.all(copies.map((copy) => copy.cancel()));
    const error = errors.find((each) => each !== undefined);
    // The bundler failed before a hook could reject with this error, maybe for the same reason.
    if (error !== undefined && !hasRejected) this.#settings.log.error(messageOf(error));
    // Not earlier, because a plugin may have found the directories and may write into them late.
    for (const each of snapshots) endSnapshot(...each);
    if (!keepWorkers) await this.#preparation.dispose();
  }

  /** The output with this directory, or all outputs. Throws if no copy into it has started in this build. */
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
      throw brief(error);
    }
  }

  /** Stops this build from logging these warnings. */
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
