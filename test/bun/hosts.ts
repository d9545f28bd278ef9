import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import reflink from 'unplugin-reflink/bun';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome, Project } from '../hosts/project.ts';
import { commandOf, runtimes } from '../runtimes/runtimes.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { decode, encode } from './wire.ts';

const CHILD = join(import.meta.dirname, 'child.ts');

/** Bun is downloaded only for one lane. */
export const skipped = reasonToSkip('runtimes', () =>
  process.platform === 'linux' && process.arch === 'x64' ? undefined : 'it needs Linux x64',
);

export interface Job {
  /** The name from which the plugin is imported. */
  entryPoint?: string;
  outdir?: string | undefined;
  /** The number of builds that run at the same time, each into its own output. */
  times?: number;
}

/** Builds in Bun, with the plugin's source. */
export async function build(
  { root, options, entry = 'main.js' }: Project,
  job: Job = {},
): Promise<HostOutcome> {
  const bun = commandOf(runtimes.find(({ label }) => label.startsWith('Bun'))!);
  const functions: unknown[] = [];
  const defaults = { entryPoint: 'unplugin-reflink/bun', outdir: 'dist', times: 1 };
  const given = { ...defaults, ...job, entry: join(root, entry), naming: BUNDLE, options };
  const child = spawn(bun[0]!, [...bun.slice(1), '--conditions=dev', CHILD, encode(given, functions)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    timeout: 100_000,
  });
  const [, stdout, stderr, calls, answers] = child.stdio as unknown as [
    null,
    Readable,
    Readable,
    Readable,
    Writable,
  ];
  createInterface({ input: calls }).on('line', (line) => {
    const { id, given } = decode(line) as { id: number; given: unknown[] };
    const act = functions[id] as (...given: unknown[]) => unknown;
    // "threw" says whether the function threw, because it may have thrown undefined.
    (async () => act(...given))().then(
      (returned) => answers.write(`${encode({ threw: false, returned })}\n`),
      (thrown: unknown) => answers.write(`${encode({ threw: true, thrown })}\n`),
    );
  });
  const [text, said] = await Promise.all([textOf(stdout), textOf(stderr)]);
  const outcome: HostOutcome = { outDir: join(root, 'dist'), warnings: [], errors: [], log: [] };
  try {
    outcome.errors.push(...JSON.parse(text).errors);
  } catch {
    outcome.errors.push(`Bun ended with ${JSON.stringify(text)} and ${JSON.stringify(said)}`);
  }
  // A message may have several lines.
  for (const message of said.split(/^unplugin-reflink: /m).slice(1)) {
    const [, level, content] = /^(warning: |error: )?([\s\S]*?)\n$/.exec(message)!;
    (level === 'warning: ' ? outcome.warnings : level ? outcome.errors : outcome.log).push(content!);
  }
  return outcome;
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}

export const host: Host = { name: 'Bun 1.4', id: 'bun', create: reflink, build: (project) => build(project) };
