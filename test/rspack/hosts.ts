import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Compiler, type Configuration, type RspackOptions, rspack, type Stats } from '@rspack/core';
import reflink from 'unplugin-reflink/rspack';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome } from '../hosts/project.ts';

/** A config that builds one file named `BUNDLE`, not minimized, into `dist`. */
export function configOf(root: string, config: Configuration = {}): RspackOptions {
  const { output, ...others } = config;
  return {
    context: root,
    mode: 'none',
    entry: join(root, 'main.js'),
    output: { path: join(root, 'dist'), filename: BUNDLE, ...output },
    ...others,
  };
}

/** Collects the messages that the plugin sends to the logger. */
export function listen(compiler: Compiler): string[] {
  const log: string[] = [];
  compiler.hooks.infrastructureLog.tap('test', (name, _type, [message] = []) => {
    if (name !== 'unplugin-reflink') return undefined;
    log.push(stripVTControlCharacters(String(message)));
    return true;
  });
  return log;
}

export type Built = Pick<HostOutcome, 'warnings' | 'errors' | 'log'>;

/** The messages of a build, without Rspack's decoration. */
export function outcomeOf(stats: Stats, log: string[] = []): Built {
  const { warnings = [], errors = [] } = stats.toJson({ all: false, warnings: true, errors: true });
  const messagesOf = (list: typeof errors) =>
    list.map(({ message }) =>
      stripVTControlCharacters(message)
        .replace(/^ *[×⚠] */, '')
        .trim(),
    );
  return { warnings: messagesOf(warnings), errors: messagesOf(errors), log };
}

/** Runs a compiler once. */
export async function runOnce(compiler: Compiler): Promise<Stats> {
  return new Promise((resolve, reject) => {
    compiler.run((error, stats) => (error ? reject(error) : resolve(stats!)));
  });
}

export async function close(compiler: Compiler): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    compiler.close((error) => (error ? reject(error) : resolve()));
  });
}

/** Runs a compiler once and closes it. */
export async function run(compiler: Compiler): Promise<Built> {
  const log = listen(compiler);
  try {
    return outcomeOf(await runOnce(compiler), log);
  } finally {
    await close(compiler);
  }
}

export const host: Host = {
  name: 'Rspack 2',
  id: 'rspack',
  create: reflink,
  async build({ root, options, entry = 'main.js' }): Promise<HostOutcome> {
    const outDir = join(root, 'dist');
    try {
      const plugins = [reflink(options)];
      const optimization = { emitOnErrors: false };
      const compiler = rspack(configOf(root, { entry: join(root, entry), plugins, optimization }));
      return { outDir, ...(await run(compiler)) };
    } catch (error) {
      return { outDir, warnings: [], errors: [(error as Error).message], log: [] };
    }
  },
};
