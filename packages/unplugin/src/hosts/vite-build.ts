import fs from 'node:fs';
import path from 'node:path';
import { isSmallCopy, preload, startWorkers, type Workers } from 'fs-reflink';
import type { Environment } from 'vite';
import type { ResolvedOptions } from '../options.ts';
import { OutputCopy } from '../output.ts';
import { summarize } from '../summary.ts';
import { HiddenOptions, keptIn, type Takeover, takeoverOf } from './vite-output.ts';

/**
 * One environment's build, from its start to its end. Vite prepares the output directory in a `renderStart`
 * hook of its own; between {@link hide} and {@link begin} it finds that switched off.
 */
export class EnvironmentBuild {
  readonly #environment: Environment;
  readonly #options: ResolvedOptions;
  #takeover: Takeover | undefined;
  #hidden: HiddenOptions | undefined;
  #workers: Promise<Workers> | undefined;
  #copies: OutputCopy[] | undefined;
  /** What became of the copies was said: in a report, or by the error a hook rejected with. */
  #told = false;

  constructor(environment: Environment, options: ResolvedOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /** The build is certain: threads boot while the modules are transformed. */
  prepare(): void {
    if (this.#workers) return;
    const takeover = this.#look();
    if (!takeover) return;
    if (isSmallCopy(this.#targets(takeover), { cwd: takeover.outDirs[0]! })) {
      // While the bundler's own threads read the first modules.
      setImmediate(preload);
      return;
    }
    this.#workers = startWorkers(this.#options.engine.concurrency);
    this.#workers.catch(() => {});
  }

  /** Makes Vite leave the output directories alone. Once per build, however many outputs it has. */
  hide(takeover: Takeover | undefined = this.#look()): void {
    if (this.#copies || this.#hidden || !takeover) return;
    this.#takeover = takeover;
    this.#hidden = new HiddenOptions(this.#environment.config.build, takeover);
  }

  /** Gives everybody the options back as they were, and begins to copy. */
  begin(): void {
    const consulted = this.#hidden?.consulted;
    this.restore();
    const takeover = this.#takeover;
    if (this.#copies || !takeover) return;
    this.#copies = takeover.outDirs.map(
      (directory) =>
        new OutputCopy({
          directory,
          targets: this.#targets(takeover),
          cacheDirectory: this.#environment.config.cacheDir,
          empty: takeover.empties && consulted === true,
          keep: keptIn(directory, takeover.outDirs),
          engine: this.#options.engine,
        }),
    );
  }

  restore(): void {
    this.#hidden?.restore();
    this.#hidden = undefined;
  }

  /**
   * The bundle is about to be written: nothing may be deleted any more, and where it has a file of the same
   * name, ours has to be there before. A copy that has failed already ends the build here, before the bundler
   * meets the same full disk and says less about it.
   */
  async giveWay(fileNames: string[]): Promise<void> {
    if (!this.#copies || !this.#takeover) return;
    await this.#telling(this.#copies.map((copy) => copy.planned()));
    const { publicDir } = this.#takeover;
    const collisions = fileNames.filter((name) => isFile(path.join(publicDir, name)));
    for (const name of collisions) {
      this.#environment.logger.warnOnce(
        `unplugin-reflink: ${name} is both in the public directory and in the bundle; the bundle's is kept`,
      );
    }
    if (collisions.length > 0) await this.settle();
  }

  /** Resolves when every file is in place. */
  async settle(): Promise<void> {
    const copies = this.#copies ?? [];
    const reports = await this.#telling(copies.map((copy) => copy.settle()));
    if (this.#told) return;
    this.#told = true;
    const { report: tell } = this.#options;
    const { logger, config } = this.#environment;
    for (const [position, report] of reports.entries()) {
      const { directory } = copies[position]!;
      for (const warning of report.warnings) logger.warn(`unplugin-reflink: ${warning}`);
      if (tell === 'summary') logger.info(`public → ${summarize(report, directory, config.root)}`);
      else if (tell) tell(report, directory);
    }
  }

  /** The build is over, or failed: nothing of it is left running. */
  async end({ keepWorkers }: { keepWorkers: boolean }): Promise<void> {
    this.restore();
    const copies = this.#copies ?? [];
    const told = this.#told;
    this.#copies = undefined;
    this.#takeover = undefined;
    this.#told = false;
    const errors = await Promise.all(copies.map((copy) => copy.cancel()));
    const error = errors.find((each) => each !== undefined);
    // The bundler met the same full disk, and its error was first.
    if (error !== undefined && !told) this.#environment.logger.error(`unplugin-reflink: ${messageOf(error)}`);
    if (keepWorkers) return;
    const workers = this.#workers;
    this.#workers = undefined;
    await (await workers?.catch(() => undefined))?.close();
  }

  async #telling<T>(outcomes: Promise<T>[]): Promise<T[]> {
    try {
      return await Promise.all(outcomes);
    } catch (error) {
      this.#told = true;
      throw error;
    }
  }

  #look(): Takeover | undefined {
    if (!this.#options.includesEnvironment(this.#environment.name)) return undefined;
    return takeoverOf(this.#environment.config);
  }

  #targets({ publicDir }: Takeover) {
    return [{ from: publicDir, to: '.' }];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
