import path from 'node:path';
import type { BuildOptions, BuildResult, OnEndResult, PluginBuild } from 'esbuild';
import type { CopyReport } from 'fs-reflink';
import { fixedPart } from 'fs-reflink/host';
import type { ExtractedAsset } from '../../assets/bundled-assets.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies } from '../../output/build.ts';
import { logReport } from '../../output/summary.ts';
import { exclusive } from '../../output/turns.ts';
import { allSourcesOf, assetTargets, type OutputTargets } from '../../targets/targets.ts';
import type { EsbuildAssets } from './assets.ts';
import { onDelivery } from './delivery.ts';
import { destinationDirectories } from './destinations.ts';
import { EsbuildMessages } from './messages.ts';
import { bundlePaths, listOutputs } from './metafile.ts';
import { OutputWatch } from './output-watch.ts';

export interface EsbuildOutputSettings {
  build: PluginBuild;
  options: ResolvedOptions;
  /** The absolute path that all other paths are relative to. */
  root: string;
  /** Absolute path of the output directory. */
  directory: string;
  targets: OutputTargets;
  /** The position of this instance among those of the plugin in this build. */
  position: number;
  /** Whether the metafile has to list the copied files, because the user has asked for one. */
  listed: boolean;
  /** Imported files that the engine copies. */
  assets: EsbuildAssets | undefined;
}

/** Everything except the targets that distinguishes an instance of the plugin from others. */
export function configurationOf(options: BuildOptions, position: number) {
  const { entryPoints, stdin, outfile, format, platform, entryNames } = options;
  return { position, entryPoints, stdin, outfile, format, platform, entryNames };
}

/** Milliseconds from the first change of a source to the copy. Related changes are usually made within this time. */
const FOLLOW_AFTER = 50;
/** Milliseconds until the retry if a source could not be copied because another process is replacing it. */
const TRY_AGAIN_AFTER = 250;

/** Copies for one esbuild context: after each build and, while esbuild watches or serves, when a source changes. */
export class EsbuildOutput {
  readonly #settings: EsbuildOutputSettings;
  readonly #copies: BuildCopies;
  #messages: EsbuildMessages;
  #watch: OutputWatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether esbuild starts builds by itself, because it watches or serves. */
  #isRepeated = false;
  /** Who asked for the last build. This stays unknown if the build failed, because then no result is delivered. */
  #askedBy: 'somebody' | 'nobody' | 'unknown' = 'unknown';
  #state: 'building' | 'failed' | 'built' | 'disposed' = 'building';
  /** Files of the bundle that the engine copies. */
  #assets: ExtractedAsset[] = [];
  /** Absolute paths of the bundle's other files, in the last build and in the one before. */
  #bundle: string[] = [];
  #bundleBefore: string[] = [];
  /** Whether a target has replaced a file of the bundle, which esbuild writes again in each build. */
  #wins = false;
  /** The report and the warnings of the last complete copy. */
  #last: { report: CopyReport; warnings: string[] } | undefined;
  #failures = 0;
  #warnedOfWatch = false;

  constructor(settings: EsbuildOutputSettings) {
    const { build, options, root } = settings;
    this.#settings = settings;
    this.#messages = new EsbuildMessages(build);
    const log = {
      info: () => {},
      warn: (message: string) => this.#messages.warn(message),
      error: (message: string) => this.#messages.error(message),
    };
    // This class logs the reports itself, because not each copy is reported.
    const quiet = { ...options, report: false as const };
    this.#copies = new BuildCopies({ host: 'esbuild', options: quiet, log, root });
    const { targets, position, directory } = settings;
    this.#copies.claim(directory, configurationOf(build.initialOptions, position), targets);
  }

  /** Call this when a build starts. */
  start(): void {
    const { targets } = this.#settings;
    this.#state = 'building';
    // If a caller had asked for the previous build, it would have the result by now.
    this.#isRepeated ||= this.#askedBy === 'nobody';
    this.#askedBy = 'unknown';
    clearTimeout(this.#timer);
    if (!this.#watch) this.#copies.prepare(targets);
  }

  /** Call this when a build has ended and its files are written. */
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
        return (await this.#idleReport(messages)) ?? (await this.#copy(messages, listed));
      });
      await assets?.verify();
      await this.#logReport(report, messages);
      this.#failures = 0;
      this.#warnOfWatch(messages);
      const entries = this.#last?.report.entries?.filter(({ destination }) => !taken.has(destination));
      if (listed && !options.dryRun) listOutputs(result.metafile, entries ?? [], root);
    } catch (error) {
      messages.fail(error);
    }
    this.#state = 'built';
    if (!messages.hasErrors) {
      // This is true unless the result is delivered.
      this.#askedBy = 'nobody';
      onDelivery(result, () => this.#wasAsked());
    }
    // A dry run does not watch, because each of its copies would find the same to do.
    if (options.dryRun) return messages.deliver();
    const watch = this.#watch;
    if (!watch || watch.hasChanged || (watch.canNoteIdle && !watch.isIdle && !this.#wins))
      this.#follow(FOLLOW_AFTER);
    return messages.deliver();
  }

  /** A caller asked for the last build. Stops watching, unless esbuild has started other builds by itself. */
  #wasAsked(): void {
    this.#askedBy = 'somebody';
    if (this.#isRepeated) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#watch) return;
    // A running copy may be using the watch.
    void exclusive(this.#settings.directory, async () => {
      if (this.#isRepeated) return;
      this.#watch?.close();
      this.#watch = undefined;
    });
  }

  /** Call this when the context is disposed of. */
  async dispose(): Promise<void> {
    this.#state = 'disposed';
    clearTimeout(this.#timer);
    this.#watch?.close();
    // Release the record at once, because the next build in this process takes it over.
    this.#copies.release();
    await this.#copies.end({ keepWorkers: false });
  }

  async #idleReport(messages: EsbuildMessages): Promise<CopyReport | undefined> {
    const started = performance.now();
    const { report, warnings } = this.#last ?? {};
    if (!report || !(await this.#watch?.isStillIdle(this.#key, this.#ignored))) return undefined;
    for (const warning of warnings!) messages.warn(warning);
    const { entries: _entries, ...rest } = report;
    return { ...rest, durationMs: performance.now() - started };
  }

  /** Copies what has changed since the manifest was written. */
  async #copy(messages: EsbuildMessages, entries: boolean): Promise<CopyReport> {
    const { directory, targets } = this.#settings;
    this.#messages = messages;
    await this.#watch?.begin();
    if (this.#state === 'disposed') throw new Error('the context was disposed of');
    try {
      this.#copies.begin({
        directory,
        ...targets,
        assets: assetTargets(this.#assets, directory),
        keep: [],
        written: this.#bundle.map((each) => path.relative(directory, each)),
        entries: entries || this.#settings.options.report === 'verbose',
      });
      const [report] = await this.#copies.finish(directory);
      this.#wins = this.#copies.winsAt(directory);
      this.#last = { report: report!, warnings: messages.warnings };
      if (isIdle(report!) && !this.#wins) await this.#watch?.noteIdle(this.#key, this.#ignored);
      return report!;
    } finally {
      await this.#copies.end({ keepWorkers: true });
    }
  }

  /** After `after` milliseconds, copies what has changed, and starts to watch if no caller asked for the build. */
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
        const report = await this.#copy(messages, listed || watch.canNoteIdle);
        if (!isIdle(report)) await this.#logReport(report, messages);
        if (!watch.canNoteIdle || this.#wins || !this.#isBuilt) return;
        watch.watchOutput(destinationDirectories(report, targets, directory, watch.directories));
        // Only a copy that finds nothing to do tells the watch that the next one has nothing to do either.
        const second = await this.#copy(new EsbuildMessages(build), listed);
        if (!isIdle(second)) await this.#logReport(second, messages);
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
      roots: [...new Set(allSourcesOf(targets).map(fixedPart))],
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

  /** What a copy depends on besides files: the names in the bundle, which copied files may have too. */
  get #key(): string {
    return [...this.#bundle].sort().join('\n');
  }

  /** The files that esbuild writes and deletes, and not the plugin. */
  get #ignored(): Set<string> {
    return new Set([...this.#bundleBefore, ...this.#bundle]);
  }

  async #logReport(report: CopyReport, messages: EsbuildMessages): Promise<void> {
    const { options, root, directory, targets } = this.#settings;
    const assets = this.#settings.assets ? [] : undefined;
    await logReport(report, { ...targets, assets }, directory, options, messages, root);
  }

  #warnOfWatch(messages: EsbuildMessages): void {
    const error = this.#watch?.error;
    if (!error || this.#warnedOfWatch) return;
    this.#warnedOfWatch = true;
    messages.warn(`some changes will not be noticed before the next build: ${error.message}`);
  }
}

/** Whether a copy found nothing to do. */
function isIdle({ files, links, directories, pruned }: CopyReport): boolean {
  return files + links + directories + pruned === 0;
}
