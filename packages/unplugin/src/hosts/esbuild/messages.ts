import type { BuildOptions, OnEndResult, PartialMessage, PluginBuild } from 'esbuild';
import { NAME } from '../../options/name.ts';
import { type HostLog, messageOf } from '../../output/log.ts';
import { isOneBuild } from './one-build.ts';

const SAYS_INFO = new Set<BuildOptions['logLevel']>(['info', 'debug', 'verbose']);
const SAYS_WARNINGS = new Set<BuildOptions['logLevel']>([...SAYS_INFO, 'warning', undefined]);
const SAYS_ERRORS = new Set<BuildOptions['logLevel']>([...SAYS_WARNINGS, 'error']);

/**
 * The messages of one build. Errors and warnings go into the result of `onEnd`, which esbuild prints only in
 * contexts. `build()` throws the errors, and this class prints its warnings. For other messages esbuild has no
 * channel, so they go to stderr, as its own summary does, and depend on the same log levels.
 */
export class EsbuildMessages implements HostLog {
  readonly #build: PluginBuild;
  readonly #warnings: PartialMessage[] = [];
  readonly #errors: PartialMessage[] = [];

  constructor(build: PluginBuild) {
    this.#build = build;
  }

  info(message: string): void {
    if (SAYS_INFO.has(this.#build.initialOptions.logLevel)) process.stderr.write(`${NAME}: ${message}\n`);
  }

  warn(text: string): void {
    this.#warnings.push({ pluginName: NAME, text });
  }

  error(text: string): void {
    this.#errors.push({ pluginName: NAME, text });
  }

  fail(error: unknown): void {
    this.#errors.push({ pluginName: NAME, text: messageOf(error), detail: error });
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  get warnings(): string[] {
    return this.#warnings.map(({ text }) => text!);
  }

  /** Returns the result when the build has ended. First prints the warnings that esbuild would not print. */
  async deliver(): Promise<OnEndResult> {
    const { initialOptions } = this.#build;
    if (this.#warnings.length > 0 && SAYS_WARNINGS.has(initialOptions.logLevel) && isOneBuild(initialOptions))
      await this.#write(this.#warnings, 'warning');
    return { errors: this.#errors, warnings: this.#warnings };
  }

  /** Prints the errors as esbuild would. Call this if no build is running that could return them. */
  async print(): Promise<void> {
    if (this.#errors.length > 0 && SAYS_ERRORS.has(this.#build.initialOptions.logLevel))
      await this.#write(this.#errors, 'error');
  }

  async #write(messages: PartialMessage[], kind: 'error' | 'warning'): Promise<void> {
    const { esbuild, initialOptions } = this.#build;
    const color = initialOptions.color ?? process.stderr.isTTY === true;
    const lines = await esbuild.formatMessages(messages, { kind, color });
    process.stderr.write(lines.join(''));
  }
}
