import path from 'node:path';
import type { ResolvedOptions } from '../../options/options.ts';
import { briefly } from '../../output/brief-error.ts';
import { BuildCopies, type HostLog } from '../../output/build.ts';
import { cacheDirectoryOf } from '../../output/cache.ts';
import { type EmptySnapshot, loadEmptying, snapshotOf } from '../../output/empty.ts';
import { exclusive } from '../../output/exclusive.ts';
import { deleteLeftOver } from '../../output/left-over.ts';
import { notCopied } from '../../output/not-copied.ts';
import { type ClaimedRecord, claimRecord, type Instance } from '../../output/record-index.ts';
import { keptIn } from '../../targets/nested.ts';
import { type OutputTargets, toTargets } from '../../targets/targets.ts';

export const NAME = 'unplugin-reflink';

/** What is known about one build of a bundler. */
export interface Build {
  /** The name of the bundler, in lower case. */
  host: string;
  /** The absolute path that paths in the options are relative to. */
  root: string;
  /** Absolute path of the output. Undefined if the bundler writes nothing to the disk. */
  directory: string | undefined;
  /** Everything except the plugin's own options that distinguishes this build from others of the bundler. */
  configuration: Record<string, unknown>;
  /** The same object for all instances of the plugin in one build. */
  owner: object;
  log: HostLog;
}

/** The options of each instance in a build so far, by the build's owner. The next build may have the same owner. */
const instances = new WeakMap<object, ResolvedOptions[]>();

/** Copies after any bundler has written its files. One object serves one build after the other. */
export class GenericHost {
  readonly #options: ResolvedOptions;
  readonly #build: Build;
  readonly #targets: OutputTargets;
  readonly #instance: Omit<Instance, 'targets'>;
  #copies: BuildCopies | undefined;
  #record: ClaimedRecord | undefined;
  #snapshot: EmptySnapshot | undefined;

  constructor(options: ResolvedOptions, build: Build) {
    this.#options = options;
    this.#build = build;
    this.#targets = toTargets(options, build);
    const known = instances.get(build.owner) ?? [];
    if (!known.includes(options)) known.push(options);
    instances.set(build.owner, known);
    const position = known.indexOf(options);
    this.#instance = { host: build.host, configuration: { position, ...build.configuration } };
  }

  get hasTargets(): boolean {
    return this.#targets.publicTargets.length + this.#targets.targets.length > 0;
  }

  /** Call this when a build starts. `empties`: the bundler would empty the output now; {@link written} does later. */
  async start({ empties = false } = {}): Promise<void> {
    const { directory, log, root } = this.#build;
    if (!this.hasTargets || directory === undefined) return;
    this.#copies = new BuildCopies(this.#options, log, root);
    this.#copies.prepare(this.#targets);
    if (!empties) return;
    await loadEmptying();
    const { cacheDirectory } = this.#claim(directory);
    this.#snapshot = snapshotOf({ directory, cacheDirectory, keep: keptIn(directory, []) });
  }

  /** Call this when the bundle is written. `files` are absolute paths of its files. Resolves when all is copied. */
  async written(files: readonly string[]): Promise<void> {
    const { directory, log, root } = this.#build;
    if (directory === undefined) {
      if (this.hasTargets) log.warn(notCopied(this.#targets, root, NOT_WRITTEN));
      return;
    }
    const names = files.map((file) => path.relative(directory, file));
    const output = { cacheDirectory: cacheDirectoryOf(this.#options, root), directory, root };
    try {
      if (this.hasTargets) await briefly(exclusive(directory, () => this.#copy(directory, names)));
      else await briefly(deleteLeftOver({ instance: this.#instance, ...output }, this.#options, log));
    } finally {
      await this.end();
    }
  }

  /** Call this when the build ends or fails. */
  async end(): Promise<void> {
    this.#record?.release();
    this.#record = undefined;
    this.#snapshot = undefined;
    await this.#copies?.end({ keepWorkers: false });
  }

  async #copy(directory: string, names: string[]): Promise<void> {
    const { log, root } = this.#build;
    const copies = (this.#copies ??= new BuildCopies(this.#options, log, root));
    const { cacheDirectory, orphaned } = this.#claim(directory);
    const snapshot = this.#snapshot;
    copies.begin({
      directory,
      ...this.#targets,
      cacheDirectory,
      orphaned: orphaned.splice(0),
      ...(snapshot && { empty: true, snapshot }),
      keep: [...names, ...keptIn(directory, [])],
      written: names,
    });
    await copies.finish(directory);
    snapshot?.deleteEmptyDirectories();
  }

  #claim(directory: string): ClaimedRecord {
    const options = this.#options;
    const instance = { ...this.#instance, targets: this.#targets };
    const all = cacheDirectoryOf(options, this.#build.root);
    return (this.#record ??= claimRecord(instance, all, directory, options));
  }
}

const NOT_WRITTEN = {
  reason: 'the bundler does not write its output to the disk',
  remedy: 'Set an output directory, or copy after the build with copy() of fs-reflink.',
};

/** For bundlers without a logger. Writes to stderr, so that messages do not mix with the output of a program. */
export const stderrLog: HostLog = {
  info: (message) => void process.stderr.write(`${NAME}: ${message}\n`),
  warn: (message) => void process.stderr.write(`${NAME}: warning: ${message}\n`),
  error: (message) => void process.stderr.write(`${NAME}: error: ${message}\n`),
};
