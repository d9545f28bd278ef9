import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { command } from './support.ts';

const PATIENCE_MS = 50_000;
/** The terminal itself writes ^C where the cursor is. */
const ENDED = /^(?:\^C)*ended: (\d+)$/m;
let sessions = 0;

/** Why there is no terminal to test in; undefined where there is. */
export const noTerminal = (): string | undefined =>
  spawnSync('tmux', ['-V']).error && 'tmux is not installed';

export interface TerminalOptions {
  columns?: number;
  rows?: number;
  cwd: string;
  env?: Record<string, string>;
}

/** A shell in a terminal of its own, gone at the end of `using`. */
export class Terminal implements Disposable {
  readonly #socket = `fs-reflink-${process.pid}-${sessions++}`;

  constructor({ columns = 80, rows = 24, cwd, env = {} }: TerminalOptions) {
    const unset = ['NO_COLOR', 'FORCE_COLOR', 'NODE_OPTIONS'].flatMap((name) => ['-u', name]);
    const set = Object.entries({ PS1: '$ ', ...env }).map(([name, value]) => `${name}=${value}`);
    const shell = ['env', ...unset, ...set, 'bash', '--norc', '--noprofile'];
    this.#tmux('new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, '-c', cwd, ...shell);
  }

  /** Types a command line that starts with the command, and then says how it ended. */
  start(args: string): void {
    this.type(`clear; ${process.execPath} ${command} ${args}; echo "ended: $?"`);
  }

  type(text: string): void {
    this.#tmux('send-keys', text, 'Enter');
  }

  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  /** What is on the screen; with `styles` also the escape sequences of colours. */
  screen({ styles = false } = {}): string {
    return this.#tmux('capture-pane', '-p', ...(styles ? ['-e'] : [])).trimEnd();
  }

  /** Waits for something to be on the screen and returns all of it. */
  async shows(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (Date.now() > deadline) throw new Error(`${pattern} did not appear:\n${screen}`);
      await wait(50);
    }
  }

  /** Waits for the end of what was started, and returns its exit status. */
  async ended(): Promise<number> {
    const screen = await this.shows(ENDED);
    return Number(ENDED.exec(screen)![1]);
  }

  [Symbol.dispose](): void {
    this.#tmux('kill-server');
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  }
}
