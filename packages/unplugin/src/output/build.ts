import type { CopyReport } from 'fs-reflink';
import { asThrown } from 'fs-reflink/host';
import type { ResolvedOptions } from '../options/options.ts';
import { allowedRoots, destinationsOf, type OutputTargets } from '../targets/targets.ts';
import { cacheWarning } from './cache.ts';
import type { Collision } from './collisions.ts';
import { OutputCopy, type OutputSettings } from './output.ts';
import { Preparation } from './preparation.ts';
import { describeReport } from './summary.ts';

/** Where the host logs messages; they do not carry the plugin's name. */
export interface HostLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

interface Output {
  copy: OutputCopy;
  targets: OutputTargets;
  /** How many bundles will be written there, as far as is known, how many of these have begun, and how many are written. */
  bundles: { expected: number; begun: number; written: number };
  isReported: boolean;
}

/** The copies of one build, one for each output directory, from its start to its end. */
export class BuildCopies {
  readonly #options: ResolvedOptions;
  readonly #log: HostLog;
  readonly #root: string;
  readonly #outputs = new Map<string, Output>();
  readonly #warned = new Set<string>();
  readonly #preparation: Preparation;
  /** A hook has rejected with the error. */
  #hasRejected = false;

  /**
   * `root` is the directory that paths in messages are relative to. `preparation` is given by a watcher that has a
   * new object for each of its builds.
   */
  constructor(options: ResolvedOptions, log: HostLog, root: string, preparation = new Preparation()) {
    this.#options = options;
    this.#log = log;
    this.#root = root;
    this.#preparation = preparation;
  }

  /** A build is certain. `busy`: the bundler runs on this thread. Returns whether worker threads boot for its copies. */
  prepare({ publicTargets, targets }: OutputTargets, { busy = false }: { busy?: boolean } = {}): boolean {
    return this.#preparation.prepare(() => ({ targets: [...publicTargets, ...targets], busy }));
  }

  /** Whether a copy was begun in this build. */
  get begun(): boolean {
    return this.#outputs.size > 0;
  }

  /** Whether a copy into an output directory was begun in this build. */
  copiesInto(directory: string): boolean {
    return this.#outputs.has(directory);
  }

  /** Whether every copy that was begun has ended and is reported. */
  get finished(): boolean {
    return [...this.#outputs.values()].every(({ isReported }) => isReported);
  }

  /**
   * Begins to copy into an output directory, once per build however many bundles are written there. With `entries`
   * {@link finish} reports what happened to each file. The report is logged when as many bundles are written as `bundles` says.
   */
  begin({
    entries = false,
    bundles = 1,
    ...settings
  }: Omit<OutputSettings, 'engine' | 'preparation' | 'dryRun'> & {
    entries?: boolean;
    bundles?: number;
  }): void {
    const begun = this.#outputs.get(settings.directory);
    if (begun) {
      begun.bundles.begun++;
      begun.copy.addAssets(settings.assets ?? []);
      return;
    }
    const { engine, report, dryRun } = this.#options;
    const warning = cacheWarning(settings.cacheDirectory);
    if (warning) this.warnOnce([warning]);
    const copy = new OutputCopy({
      ...settings,
      preparation: this.#preparation,
      dryRun,
      engine: {
        ...engine,
        allowedRoots: allowedRoots(this.#root, settings.directory),
        entries: entries || report === 'verbose',
      },
    });
    const { publicTargets, assets, targets } = settings;
    this.#outputs.set(settings.directory, {
      copy,
      targets: { publicTargets, assets, targets },
      bundles: { expected: bundles, begun: 1, written: 0 },
      isReported: false,
    });
  }

  /**
   * A bundle with these files is about to be written. A copy that has failed already ends the build here, before
   * the bundler meets the same full disk and reports less about it.
   */
  async deleteCollisions(names: readonly string[], directory?: string): Promise<void> {
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
      await logReport(
        reports[position]!,
        output.targets,
        output.copy.directory,
        this.#options,
        this.#log,
        this.#root,
      );
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
    this.#outputs.clear();
    this.#warned.clear();
    this.#hasRejected = false;
    const errors = await Promise.all(copies.map((copy) => copy.cancel()));
    const error = errors.find((each) => each !== undefined);
    // The bundler met the same full disk, and its error was first.
    if (error !== undefined && !hasRejected) this.#log.error(messageOf(error));
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
      this.#log.warn(message);
    }
  }
}

/** Logs the report of an output directory, or calls the user's function with it and waits for the promise it may return. */
export async function logReport(
  { entries, ...counts }: CopyReport,
  targets: OutputTargets,
  directory: string,
  { report: how, dryRun }: Pick<ResolvedOptions, 'report' | 'dryRun'>,
  log: Pick<HostLog, 'info'>,
  root: string,
): Promise<void> {
  // They may have been collected for the host's own use.
  const report = entries && how === 'verbose' ? { ...counts, entries } : counts;
  if (typeof how === 'function') await callReport(how, report, directory);
  // If there was nothing to copy, there is nothing to tell.
  else if (how && (hasTargets(targets) || !isEmpty(report))) {
    const destinations = destinationsOf(targets, directory);
    log.info(`${labelOf(targets)} → ${describeReport(report, directory, { destinations, root, dryRun })}`);
  }
}

function hasTargets({ publicTargets, targets }: OutputTargets): boolean {
  return publicTargets.length + targets.length > 0;
}

function isEmpty({ files, links, unchanged, pruned }: CopyReport): boolean {
  return files + links + unchanged + pruned === 0;
}

/** Bundlers take it for success when a hook rejects with `undefined`. */
async function callReport(
  how: (report: CopyReport, directory: string) => unknown,
  report: CopyReport,
  directory: string,
): Promise<void> {
  try {
    await how(report, directory);
  } catch (error) {
    throw asThrown(error);
  }
}

/** Whether all bundles are written that have begun. */
function isWritten({ bundles }: Output): boolean {
  return bundles.written >= bundles.begun;
}

function isComplete(output: Output): boolean {
  return isWritten(output) && output.bundles.written >= output.bundles.expected;
}

function labelOf({ publicTargets, assets, targets }: OutputTargets): string {
  const parts = [publicTargets.length > 0 && 'public', assets && 'assets', targets.length > 0 && 'targets'];
  return parts.filter(Boolean).join(', ') || 'no targets any more';
}

function messagesOf(collisions: readonly Collision[]): string[] {
  return collisions.map(({ message }) => message);
}

/** What was thrown, for a person: not everything that is thrown is an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
