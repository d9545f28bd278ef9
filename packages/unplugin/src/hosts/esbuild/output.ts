import path from 'node:path';
import type { BuildOptions, BuildResult, OnEndResult, PluginBuild } from 'esbuild';
import type { CopyReport } from 'fs-reflink';
import type { ExtractedAsset } from '../../assets/bundled-assets.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies, logReport } from '../../output/build.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { exclusive } from '../../output/exclusive.ts';
import { type ClaimedRecord, claimRecord, type Instance } from '../../output/record-index.ts';
import { type OutputTargets, sourcesOf, targetOfFile } from '../../targets/targets.ts';
import { watchedPart } from '../../targets/watched.ts';
import type { EsbuildAssets } from './assets.ts';
import { bundlePaths, listOutputs } from './bundle.ts';
import { onDelivery } from './delivery.ts';
import { destinationDirectories } from './destinations.ts';
import { EsbuildMessages } from './messages.ts';
import { OutputWatch } from './output-watch.ts';

export interface EsbuildOutputSettings {
  build: PluginBuild;
  options: ResolvedOptions;
  /** Absolute path that all others are relative to. */
  root: string;
  /** Absolute path of the output directory. */
  directory: string;
  targets: OutputTargets;
  /** Which of the instances of the plugin in this build it is. */
  position: number;
  /** The user wants to read in the metafile what is in the output. */
  listed: boolean;
  /** Imported files that the engine copies. */
  assets: EsbuildAssets | undefined;
}

/** What distinguishes an instance of the plugin from others, but for its targets. */
export function instanceOf(options: BuildOptions, position: number): Omit<Instance, 'targets'> {
  const { entryPoints, stdin, outfile, format, platform, entryNames } = options;
  const configuration = { position, entryPoints, stdin, outfile, format, platform, entryNames };
  return { host: 'esbuild', configuration };
}

/** Milliseconds from the first change to the copy, within which the other changes that belong to it are made. */
const FOLLOW_AFTER = 50;
/** Milliseconds until a source that could not be copied, because it is being replaced, is tried once more. */
const TRY_AGAIN_AFTER = 250;

/** What one esbuild context copies: at the end of each build and, while esbuild watches or serves, when a source changes. */
export class EsbuildOutput {
  readonly #settings: EsbuildOutputSettings;
  readonly #record: ClaimedRecord;
  readonly #copies: BuildCopies;
  #messages: EsbuildMessages;
  #watch: OutputWatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** esbuild begins builds by itself: it watches, or serves. */
  #isRepeated = false;
  /** Who asked for the last build: a rejection, which an error ends in, tells nobody. */
  #askedBy: 'somebody' | 'nobody' | 'unknown' = 'unknown';
  #state: 'building' | 'failed' | 'built' | 'disposed' = 'building';
  /** Files of the bundle that the engine copies. */
  #assets: ExtractedAsset[] = [];
  /** Absolute paths of the bundle's other files, of the last build and the one before. */
  #bundle: string[] = [];
  #bundleBefore: string[] = [];
  /** A target has replaced a file of the bundle, which esbuild writes again in each build. */
  #wins = false;
  /** What the last complete copy found. */
  #last: { report: CopyReport; warnings: string[] } | undefined;
  #failures = 0;
  #warnedOfWatch = false;

  constructor(settings: EsbuildOutputSettings) {
    const { build, options, root } = settings;
    this.#settings = settings;
    const { targets, position, directory } = settings;
    const instance = { ...instanceOf(build.initialOptions, position), targets };
    this.#record = claimRecord(instance, cacheDirectoryOf(options, root), directory, options);
    this.#messages = new EsbuildMessages(build);
    const log = {
      info: () => {},
      warn: (message: string) => this.#messages.warn(message),
      error: (message: string) => this.#messages.error(message),
    };
    // Whether a report is logged depends on why there was a copy.
    this.#copies = new BuildCopies({ ...options, report: false }, log, root);
  }

  /** A build begins. */
  start(): void {
    const { targets } = this.#settings;
    this.#state = 'building';
    // Whoever had asked for the build before has its result by now.
    this.#isRepeated ||= this.#askedBy === 'nobody';
    this.#askedBy = 'unknown';
    clearTimeout(this.#timer);
    if (!this.#watch) this.#copies.prepare(targets);
  }

  /** A build has ended, and its files are written. */
  async end(result: BuildResult): Promise<OnEndResult> {
    const { assets } = this.#settings;
    const extracted = (await assets?.extract(result)) ?? [];
    try {
      return await this.#end(result, extracted);
    } finally {
      assets?.end(extracted);
    }
  }

  async #end(result: BuildResult, extracted: ExtractedAsset[]): Promise<OnEndResult> {
    const { assets, directory, listed, options, root, build } = this.#settings;
    if (result.errors.length > 0) {
      this.#state = 'failed';
      return {};
    }
    const messages = new EsbuildMessages(build);
    this.#assets = extracted;
    this.#bundleBefore = this.#bundle;
    const taken = new Set(extracted.map(({ name }) => path.join(directory, name)));
    this.#bundle = bundlePaths(result, root).filter((each) => !taken.has(each));
    try {
      const report = await exclusive(directory, async () => {
        return (await this.#vouchedReport(messages)) ?? (await this.#copy(messages, listed));
      });
      await assets?.verify();
      this.#logReport(report, messages);
      this.#failures = 0;
      this.#warnOfWatch(messages);
      const entries = this.#last?.report.entries?.filter(({ destination }) => !taken.has(destination));
      if (listed && !options.dryRun) listOutputs(result.metafile, entries ?? [], root);
    } catch (error) {
      messages.fail(error);
    }
    this.#state = 'built';
    if (!messages.hasErrors) {
      // As far as is known by now.
      this.#askedBy = 'nobody';
      onDelivery(result, () => this.#wasAsked());
    }
    // Each copy of a dry run finds the same to do.
    if (options.dryRun) return messages.deliver();
    if (!this.#watch || (this.#watch.canVouch && !this.#watch.isProven && !this.#wins))
      this.#follow(FOLLOW_AFTER);
    return messages.deliver();
  }

  /** Somebody asked for the last build: unless there were others, nothing is watched. */
  #wasAsked(): void {
    this.#askedBy = 'somebody';
    if (this.#isRepeated) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#watch) return;
    // A copy may be at work with it.
    void exclusive(this.#settings.directory, async () => {
      if (this.#isRepeated) return;
      this.#watch?.close();
      this.#watch = undefined;
    });
  }

  /** The context is over. */
  async dispose(): Promise<void> {
    this.#state = 'disposed';
    clearTimeout(this.#timer);
    this.#watch?.close();
    // At once: whoever builds next in this process takes the record over.
    this.#record.release();
    await this.#copies.end({ keepWorkers: false });
  }

  async #vouchedReport(messages: EsbuildMessages): Promise<CopyReport | undefined> {
    const started = performance.now();
    const { report, warnings } = this.#last ?? {};
    if (!report || !(await this.#watch?.vouches(this.#key, this.#ignored))) return undefined;
    for (const warning of warnings!) messages.warn(warning);
    const { entries: _entries, ...rest } = report;
    return { ...rest, durationMs: performance.now() - started };
  }

  /** Copies what has changed, from the manifest on. */
  async #copy(messages: EsbuildMessages, entries: boolean): Promise<CopyReport> {
    const { directory, targets } = this.#settings;
    this.#messages = messages;
    await this.#watch?.begin();
    if (this.#state === 'disposed') throw new Error('the context was disposed of');
    try {
      this.#copies.begin({
        directory,
        ...targets,
        assets: this.#assets.map(({ file, name }) =>
          targetOfFile({ source: file, destination: path.join(directory, name) }),
        ),
        cacheDirectory: this.#record.cacheDirectory,
        orphaned: this.#record.orphaned.splice(0),
        empty: false,
        keep: [],
        written: this.#bundle.map((each) => path.relative(directory, each)),
        entries: entries || this.#settings.options.report === 'verbose',
      });
      const [report] = await this.#copies.finish(directory);
      this.#wins = this.#copies.winsAt(directory);
      this.#last = { report: report!, warnings: messages.warnings };
      if (isIdle(report!) && !this.#wins) await this.#watch?.prove(this.#key, this.#ignored);
      return report!;
    } finally {
      await this.#copies.end({ keepWorkers: true });
    }
  }

  /** Looks again soon for what has changed, and begins to watch if esbuild does. */
  #follow(after: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#catchUp();
    }, after).unref();
  }

  async #catchUp(): Promise<void> {
    const { build, directory, listed, targets } = this.#settings;
    const messages = new EsbuildMessages(build);
    try {
      await exclusive(directory, async () => {
        if (this.#state !== 'built' || (this.#askedBy === 'somebody' && !this.#isRepeated)) return;
        const watch = (this.#watch ??= this.#newWatch());
        const report = await this.#copy(messages, listed || watch.canVouch);
        if (!isIdle(report)) this.#logReport(report, messages);
        if (!watch.canVouch || this.#wins || !this.#isBuilt) return;
        watch.watchOutput(destinationDirectories(report, targets, directory, watch.directories));
        // The copy that finds nothing to do is the one that can be vouched for.
        const second = await this.#copy(new EsbuildMessages(build), listed);
        if (!isIdle(second)) this.#logReport(second, messages);
      });
      this.#failures = 0;
    } catch (error) {
      if (!this.#isBuilt) return;
      // A file that is being replaced is missing for a moment.
      if (this.#failures++ === 0) return this.#follow(TRY_AGAIN_AFTER);
      messages.fail(error);
      await messages.print();
    }
  }

  #newWatch(): OutputWatch {
    const { directory, options, targets } = this.#settings;
    const all = [...targets.publicTargets, ...targets.targets];
    return new OutputWatch({
      roots: [...new Set(all.flatMap(sourcesOf).map(watchedPart))],
      directory,
      followLinks: all.some(({ symlinks = options.engine.symlinks }) => symlinks !== 'keep'),
      byFilesAlone: all.every(
        ({ filter, directoryFilter, rename, transform }) =>
          !filter && !directoryFilter && !transform && typeof rename !== 'function',
      ),
      onSource: () => {
        if (this.#isBuilt && !this.#timer) this.#follow(FOLLOW_AFTER);
      },
    });
  }

  get #isBuilt(): boolean {
    return this.#state === 'built';
  }

  /** What a copy depends on besides files: which of ours the bundle has too. */
  get #key(): string {
    return [...this.#bundle].sort().join('\n');
  }

  /** Written and deleted by esbuild, and none of ours. */
  get #ignored(): Set<string> {
    return new Set([...this.#bundleBefore, ...this.#bundle]);
  }

  #logReport(report: CopyReport, messages: EsbuildMessages): void {
    const { options, root, directory, targets } = this.#settings;
    const assets = this.#settings.assets ? [] : undefined;
    logReport(report, { ...targets, assets }, directory, options, messages, root);
  }

  #warnOfWatch(messages: EsbuildMessages): void {
    const error = this.#watch?.error;
    if (!error || this.#warnedOfWatch) return;
    this.#warnedOfWatch = true;
    messages.warn(`some changes will not be noticed before the next build: ${error.message}`);
  }
}

/** Whether nothing had to be done. */
function isIdle({ files, links, directories, pruned }: CopyReport): boolean {
  return files + links + directories + pruned === 0;
}
