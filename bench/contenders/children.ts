import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a child answers; which of them are there depends on the operation. */
export interface Answer {
  ms: number;
  firstMs: number;
  gapMs: number;
  /** User and system time. */
  cpuMs: number;
  peakBytes: number;
  unchanged: number;
  /** Scripts that were loaded, and their size. */
  files: number;
  bytes: number;
  methods?: Record<string, { files: number; bytes: number }>;
}

const childFile = (name: string) => fileURLToPath(new URL(`../child/${name}`, import.meta.url));

/** A long-lived Node process, so that what is measured in it is compiled and has its workers. */
export class Agent {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(kind: 'workers' | 'plain'): Promise<Agent> {
    // Without execArgv it would inherit the TypeScript loader of this process.
    const agent = new Agent(fork(childFile('agent.js'), [kind], { execArgv: [] }));
    await agent.#answer();
    return agent;
  }

  ask(operation: string, from: string, to: string): Promise<Answer> {
    const { connected, exitCode, signalCode } = this.#child;
    // The channel is open for a moment longer than the process.
    if (!connected || exitCode !== null || signalCode !== null)
      throw new Error('the process that was to be measured has ended');
    this.#child.send({ operation, places: { from, to } });
    return this.#answer();
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #answer(): Promise<Answer> {
    const ended = new AbortController();
    const message = once(this.#child, 'message', { signal: ended.signal });
    const exit = once(this.#child, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Error(`the process that was measured ended by itself (${code})`);
    });
    try {
      const [{ answer, failure }] = await Promise.race([message, exit]);
      if (failure) throw new Error(failure);
      return answer;
    } finally {
      ended.abort();
    }
  }
}

/** A fresh process of Node.js, by default this one; `wholeMs` is from its spawn to its exit. */
export function runNode(
  program: string,
  args: string[],
  node: string = process.execPath,
): Answer & { wholeMs: number } {
  const { wholeMs, stdout } = runProgram(node, [childFile(program), ...args]);
  return { ...JSON.parse(stdout), wholeMs };
}

export function runProgram(command: string, args: string[]): { wholeMs: number; stdout: string } {
  const start = performance.now();
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const wholeMs = performance.now() - start;
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { wholeMs, stdout };
}
