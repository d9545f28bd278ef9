import type fs from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/webpack';
import webpack, { type Compiler, type Configuration, type Stats } from 'webpack';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome } from '../hosts/project.ts';
import { loadVersions } from '../hosts/versions.ts';

export interface Bundler extends Host {
  webpack: typeof webpack;
  /** Whether it has `output.copy` and a manifest plugin of its own. */
  current: boolean;
}

/** The messages of a build, by level. */
export type Log = Pick<HostOutcome, 'warnings' | 'errors' | 'log'>;

/** A config that builds one file named `BUNDLE`, not minimized, into `dist`. */
export function configOf(root: string, config: Configuration = {}): Configuration {
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

export interface Built {
  log: string[];
  stats: Stats;
  compiler: Compiler;
  warnings: string[];
  errors: string[];
}

const messagesOf = (list: readonly Error[]) => list.map(({ message }) => message);

/** Runs a compiler once and closes it. */
export async function run(compiler: Compiler): Promise<Built> {
  const log = listen(compiler);
  const stats = await new Promise<Stats>((resolve, reject) => {
    compiler.run((error, stats) => {
      compiler.close((closing) => {
        if (error || closing) reject(error ?? closing);
        else resolve(stats!);
      });
    });
  });
  const { warnings, errors } = stats.compilation;
  return { log, stats, compiler, warnings: messagesOf(warnings), errors: messagesOf(errors) };
}

function adapter(name: string, pack: typeof webpack, current: boolean): Bundler {
  return {
    name,
    id: 'webpack',
    webpack: pack,
    current,
    create: reflink,
    async build({ root, options, entry = 'main.js' }): Promise<HostOutcome> {
      const outDir = join(root, 'dist');
      try {
        const optimization = { emitOnErrors: false };
        const compiler = pack(
          configOf(root, { entry: join(root, entry), plugins: [reflink(options)], optimization }),
        );
        const { warnings, errors, log } = await run(compiler!);
        return { outDir, warnings, errors, log };
      } catch (error) {
        return { outDir, warnings: [], errors: [(error as Error).message], log: [] };
      }
    },
  };
}

const versions = await loadVersions({
  'webpack 5': (name) => adapter(name, webpack, true),
  'webpack 5.76': async (name) =>
    adapter(name, (await import('webpack576')).default as unknown as typeof webpack, false),
});

export const bundlers: Bundler[] = versions.tested;

/** Runs tests with every supported webpack. */
export function describeWebpacks(body: (host: Bundler) => void): void {
  versions.describe(body);
}

/** An instance of the plugin, and the reports of its copies. */
export function reporting(options: Options): { plugin: ReturnType<typeof reflink>; reports: Reports } {
  const reports: Reports = [];
  return { reports, plugin: reflink({ report: (report) => void reports.push(report), ...options }) };
}

type Reports = Parameters<Extract<Options['report'], (...given: never) => unknown>>[0][];

/** The filesystem in memory that development servers use. */
export function memoryFileSystem(): typeof fs {
  const own = createRequire(import.meta.url);
  const { createFsFromVolume, Volume } = createRequire(own.resolve('webpack-dev-middleware'))('memfs');
  return createFsFromVolume(new Volume());
}
