import path from 'node:path';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies, type BuildSettings } from '../../output/build.ts';
import { keptIn, loadEmptying } from '../../output/empty.ts';
import type { HostLog } from '../../output/log.ts';
import { notCopied } from '../../output/not-copied.ts';
import { hasTargets, type OutputTargets, toTargets } from '../../targets/targets.ts';

/** What is known about one build of a bundler. */
export interface Build extends Pick<BuildSettings, 'host' | 'root' | 'log'> {
  /** Absolute path of the output. Undefined if the bundler writes nothing to the disk. */
  directory: string | undefined;
  /** Everything except the plugin's own options that distinguishes this build from others of the bundler. */
  configuration: Record<string, unknown>;
  /** The same object for all instances of the plugin in one build. */
  owner: object;
}

/** The options of each instance in a build so far, by the build's owner. The next build may have the same owner. */
const instances = new WeakMap<object, ResolvedOptions[]>();

/** Copies after any bundler has written its files. One object serves one build after the other. */
export class GenericHost {
  readonly #build: Build;
  readonly #targets: OutputTargets;
  readonly #configuration: unknown;
  readonly #copies: BuildCopies;
  #empties = false;

  constructor(options: ResolvedOptions, build: Build) {
    this.#build = build;
    this.#targets = toTargets(options, build);
    const known = instances.get(build.owner) ?? [];
    if (!known.includes(options)) known.push(options);
    instances.set(build.owner, known);
    this.#configuration = { position: known.indexOf(options), ...build.configuration };
    this.#copies = new BuildCopies({ ...build, options });
  }

  get hasTargets(): boolean {
    return hasTargets(this.#targets);
  }

  /** Call this when a build starts. `empties`: the bundler would empty the output now; {@link written} does later. */
  async start({ empties = false } = {}): Promise<void> {
    const { directory } = this.#build;
    if (!this.hasTargets || directory === undefined) return;
    this.#copies.prepare(this.#targets);
    this.#empties = empties;
    if (!empties) return;
    await loadEmptying();
    this.#copies.claim(directory, this.#configuration, this.#targets);
    this.#copies.snapshot(directory, keptIn(directory));
  }

  /** Call this when the bundle is written. `files` are absolute paths of its files. Resolves when all is copied. */
  async written(files: readonly string[]): Promise<void> {
    const { directory, log, root } = this.#build;
    if (directory === undefined) {
      if (this.hasTargets) log.warn(notCopied(this.#targets, root, NOT_WRITTEN));
      return;
    }
    try {
      if (this.hasTargets) await this.#copy(directory, files);
      else await this.#copies.deleteLeftOver(directory, this.#configuration);
    } finally {
      await this.end();
    }
  }

  /** Call this when the build ends or fails. */
  async end(): Promise<void> {
    await this.#copies.end({ keepWorkers: false });
    this.#copies.release();
  }

  async #copy(directory: string, files: readonly string[]): Promise<void> {
    const names = files.map((file) => path.relative(directory, file));
    this.#copies.claim(directory, this.#configuration, this.#targets);
    await this.#copies.copy({
      directory,
      ...this.#targets,
      empty: this.#empties,
      keep: [...names, ...keptIn(directory)],
      written: names,
    });
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
