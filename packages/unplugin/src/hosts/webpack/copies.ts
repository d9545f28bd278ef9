import path from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Compilation, Compiler } from 'webpack';
import { BuildCopies, type HostLog, messageOf, tell } from '../../build.ts';
import { cacheDirectoryOf } from '../../cache.ts';
import { deleteLeftOver } from '../../left-over.ts';
import { isInside } from '../../nested.ts';
import { notCopied } from '../../not-copied.ts';
import type { ResolvedOptions } from '../../options.ts';
import type { OutputSettings } from '../../output.ts';
import { type ClaimedRecord, claimRecord, type Instance } from '../../record-index.ts';
import { allowedRoots, type OutputTargets } from '../../targets.ts';
import type { CompilationAssets, FinalAssets } from './assets.ts';
import { PlacedBefore, targetOf } from './before.ts';
import { EarlyCopy, isVacant } from './early.ts';
import type { Listing, PlacedAsset } from './listing.ts';
import { isRealDisk, mount } from './memory.ts';
import { isTemplate } from './names.ts';
import { inTurn, isShared, registerOutput } from './outputs.ts';
import { engineTargets, isIndependent, type WebpackTarget } from './targets.ts';

const NAME = 'unplugin-reflink';

/** How many instances of the plugin a compiler has so far. */
const instances = new WeakMap<Compiler, number>();

interface Building {
  listing: Listing;
  assets: CompilationAssets;
}

/** What tells an instance of the plugin from others, but for its targets. Asked once for each, in their order. */
function nextInstance(compiler: Compiler): Omit<Instance, 'targets'> {
  const { name, entry, target, output } = compiler.options;
  const position = instances.get(compiler) ?? 0;
  instances.set(compiler, position + 1);
  return { host: 'webpack', configuration: { position, name, entry, target, filename: output.filename } };
}

/** Warnings belong to a compilation. */
function logOf(compiler: Compiler, compilation: Compilation | undefined): HostLog {
  const logger = compiler.getInfrastructureLogger(NAME);
  const { WebpackError } = compiler.webpack;
  return {
    info: (message) => logger.info(message),
    warn: (message) => void compilation?.warnings.push(new WebpackError(`${NAME}: ${message}`)),
    error: (message) => logger.error(message),
  };
}

/** Deletes what was copied while the options named something. */
export function deleteFormer(compiler: Compiler, options: ResolvedOptions): void {
  const instance = nextInstance(compiler);
  compiler.hooks.afterEmit.tapPromise(NAME, async (compilation) => {
    const root = compiler.context;
    if (!(await isRealDisk(compiler.outputFileSystem!, root))) return;
    const directory = path.resolve(compiler.options.output.path!);
    const place = { cacheDirectory: cacheDirectoryOf(options, root), directory, root };
    try {
      await inTurn(directory, () =>
        deleteLeftOver({ instance, ...place }, options, logOf(compiler, compilation)),
      );
    } catch (error) {
      compilation.errors.push(new compiler.webpack.WebpackError(`${NAME}: ${messageOf(error)}`));
    }
  });
}

/** Gets one compiler's files to where its output is. */
export class WebpackCopies {
  readonly #compiler: Compiler;
  readonly #options: ResolvedOptions;
  readonly #log: HostLog;
  readonly #copies: BuildCopies;
  readonly #record: ClaimedRecord;
  readonly #unregister: () => void;
  #compilation: Compilation | undefined;
  #early: EarlyCopy | undefined;
  /** What a watcher copied last, and nobody had to be told anything about. */
  #before: PlacedBefore | undefined;
  #hasWarned = false;
  #hasWarnedOfOutside = false;
  /** Warnings that the listing has given already. */
  #repeated: ReadonlySet<string> = new Set();

  constructor(compiler: Compiler, options: ResolvedOptions, targets: readonly WebpackTarget[]) {
    this.#compiler = compiler;
    this.#options = options;
    const { WebpackError } = compiler.webpack;
    this.#log = {
      ...logOf(compiler, undefined),
      warn: (message: string) => {
        if (this.#repeated.has(message)) return;
        this.#hasWarned = true;
        this.#compilation?.warnings.push(new WebpackError(`${NAME}: ${message}`));
      },
    };
    this.#copies = new BuildCopies(options, this.#log, compiler.context);
    this.#record = claimRecord(
      {
        ...nextInstance(compiler),
        // Also what engine targets do not tell: templates and patterns.
        targets: [options.publicDirs, options.targets, targets.map(({ pattern }) => pattern?.from)],
      },
      cacheDirectoryOf(options, compiler.context),
      path.resolve(compiler.options.output.path!),
    );
    this.#unregister = registerOutput(path.resolve(compiler.options.output.path!));
  }

  /** Threads boot while the modules are built, and begin with an output that is still to be filled. */
  async prepare(targets: readonly WebpackTarget[], { compiler }: Compilation): Promise<void> {
    if (!(await isRealDisk(compiler.outputFileSystem!, compiler.context))) return;
    const directory = path.resolve(compiler.outputPath);
    const bootsWorkers = this.#copies.prepare(engineTargets(targets));
    const isAlone = !isShared(directory) && !isTemplate(directory) && targets.every(isIndependent);
    // Elsewhere something may be there already, which could not be told from what is to be undone.
    const stays = targets.every(({ target: { to = '.' } }) =>
      isInside(directory, path.resolve(directory, to)),
    );
    if (!bootsWorkers || !isAlone || !stays || !isVacant(directory)) return;
    this.#early = new EarlyCopy({
      ...this.#settings(directory, engineTargets(targets)),
      engine: {
        ...this.#options.engine,
        allowedRoots: allowedRoots(compiler.context, directory),
        entries: true,
      },
    });
  }

  async finishEarly(): Promise<void> {
    await this.#early?.finish();
  }

  /**
   * Copies the files of a compilation that is about to be written. What is in its place is no asset any more until
   * the returned function is called.
   */
  async place(compilation: Compilation, directory: string, building: Building): Promise<() => void> {
    this.#compilation = compilation;
    const output = this.#compiler.outputFileSystem!;
    const { listing, assets } = building;
    const final = assets.final();
    const { ours } = final;
    const probe = ours[0]?.file.source ?? this.#compiler.context;
    if (!(await isRealDisk(output, probe))) {
      return this.#serve(compilation, directory, listing.targets, ours, assets);
    }
    const changed = this.#before?.changed(directory, listing, final);
    this.#before = undefined;
    this.#hasWarned = listing.warnings.length > 0;
    this.#repeated = new Set(listing.repeated);
    try {
      const report = await inTurn(directory, () => this.#copy(directory, listing, final, changed));
      if (this.#compiler.watchMode && !this.#hasWarned)
        this.#before = new PlacedBefore(directory, listing, final);
      const actions = new Map(report.entries!.map(({ destination, action }) => [destination, action]));
      const copied = changed ? ours : ours.filter(({ file }) => actions.has(file.destination));
      // Somebody stands between webpack and the disk: then it has to write all of it itself.
      if (copied[0] && !(await isRealDisk(output, copied[0].file.destination))) return () => {};
      const isWritten = ({ file }: PlacedAsset) =>
        (actions.get(file.destination) ?? 'unchanged') !== 'unchanged';
      for (const asset of copied) {
        const { emittedAssets, comparedForEmitAssets } = compilation;
        (isWritten(asset) ? emittedAssets : comparedForEmitAssets).add(asset.name);
      }
      await this.#tellWritten(compilation, directory, copied.filter(isWritten));
      return assets.detach(copied);
    } catch (error) {
      const { WebpackError } = this.#compiler.webpack;
      compilation.errors.push(new WebpackError(`${NAME}: ${messageOf(error)}`));
      // A disk that is full for us is so for webpack, which would read all files into memory first.
      assets.detach(ours);
      return () => {};
    }
  }

  /** The build is over. Threads of a watcher stay for the next. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    this.#compilation = undefined;
    this.#before?.look();
    const early = this.#early;
    this.#early = undefined;
    await early?.undo();
    await this.#copies.end({ keepWorkers });
  }

  async close(): Promise<void> {
    this.#unregister();
    await this.end({ keepWorkers: false });
    this.#record.release();
  }

  /** With `changed` only these files are looked at. */
  async #copy(
    directory: string,
    listing: Listing,
    final: FinalAssets,
    changed: PlacedAsset[] | undefined,
  ): Promise<CopyReport> {
    const early = this.#early;
    this.#early = undefined;
    early?.keep();
    const earlier = await early?.finish();
    if (earlier && (await early!.isFinal(listing, final))) {
      const { context } = this.#compiler;
      tell(earlier, listing.targets, directory, this.#options, this.#log, context);
      return earlier;
    }
    const { ours, left, told } = final;
    this.#copies.begin({
      ...this.#settings(directory, listing.targets),
      leave: left,
      told,
      earlier,
      changed: changed && {
        files: changed.map(targetOf),
        others: ours.length - changed.length,
      },
      entries: true,
    });
    const [report] = await this.#copies.finish(directory);
    return report!;
  }

  #settings(directory: string, targets: OutputTargets): Omit<OutputSettings, 'engine'> {
    const { cacheDirectory, orphaned } = this.#record;
    // Once.
    return { directory, ...targets, cacheDirectory, orphaned: orphaned.splice(0), empty: false, keep: [] };
  }

  /** Nobody asks an output in memory for what is outside of it. */
  #warnOfOutside(directory: string, { targets }: OutputTargets): void {
    const outside = targets.filter(({ to = '.' }) => !isInside(directory, path.resolve(directory, to)));
    if (outside.length === 0 || this.#hasWarnedOfOutside) return;
    this.#hasWarnedOfOutside = true;
    const reason =
      "webpack's output is in memory, as for a development server, and these targets lie outside of it";
    const remedy =
      'Have them copied by a build that writes to the disk, or let "to" lead into the output ("output.path").';
    this.#log.warn(
      notCopied({ publicTargets: [], targets: outside }, this.#compiler.context, { reason, remedy }),
    );
  }

  /** The output is in memory: files are read from where they are. */
  #serve(
    compilation: Compilation,
    directory: string,
    targets: OutputTargets,
    ours: PlacedAsset[],
    assets: CompilationAssets,
  ): () => void {
    this.#warnOfOutside(directory, targets);
    const plain = ours.filter((asset) => asset.plain);
    const files = new Map(plain.map(({ name, file }) => [path.join(directory, name), file.source]));
    // Who wants to be told of each file wants its content too.
    const serves = this.#options.dev === 'serve' && !this.#compiler.hooks.assetEmitted.isUsed();
    if (!serves || !mount(this.#compiler.outputFileSystem!, this, files)) return () => {};
    for (const { name } of plain) compilation.emittedAssets.add(name);
    return assets.detach(plain);
  }

  async #tellWritten(compilation: Compilation, outputPath: string, written: PlacedAsset[]): Promise<void> {
    const { assetEmitted } = this.#compiler.hooks;
    if (!assetEmitted.isUsed()) return;
    for (const { name, source, file } of written) {
      await assetEmitted.promise(name, {
        get content() {
          return source.buffer();
        },
        source,
        outputPath,
        compilation,
        targetPath: file.destination,
      });
    }
  }
}
