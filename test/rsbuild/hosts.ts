import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import {
  createRsbuild as createNewest,
  mergeRsbuildConfig,
  type RsbuildConfig,
  type RsbuildInstance,
} from '@rsbuild/core';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/rsbuild';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome } from '../hosts/project.ts';
import { loadVersions } from '../hosts/versions.ts';

export type Built = Pick<HostOutcome, 'warnings' | 'errors' | 'log'>;

/** The plugin's messages in one of Rsbuild's, which contains all messages of a compilation. */
function messagesOf(text: string): string[] {
  return [...text.matchAll(/unplugin-reflink: (.*(?:\n(?! *(?:⚠|×|at )).+)*)/g)].map(([message]) => message);
}

/** An Rsbuild that builds one file named `BUNDLE`. `said` gets its messages. */
export async function rsbuildOf(
  root: string,
  given: RsbuildConfig = {},
  said: Built = { warnings: [], errors: [], log: [] },
  createRsbuild = createNewest,
): Promise<RsbuildInstance> {
  const keep =
    (list: string[], isMessage = true) =>
    (message: unknown) => {
      const text = stripVTControlCharacters(String(message instanceof Error ? message.message : message));
      list.push(...(isMessage ? messagesOf(text) : [text]));
    };
  const customLogger = {
    ...{
      level: 'info',
      greet() {},
      log() {},
      success() {},
      ready() {},
      start() {},
      debug() {},
      override() {},
    },
    info: keep(said.log),
    warn: keep(said.warnings),
    error: keep(said.errors, false),
  };
  const config: RsbuildConfig = {
    mode: 'production',
    customLogger: customLogger as never,
    source: { entry: { [BUNDLE.replace('.js', '')]: join(root, 'main.js') } },
    output: {
      filename: { js: '[name].js' },
      distPath: { root: 'dist', js: '' },
      cleanDistPath: false,
      // Writes no file with licenses next to the bundle.
      legalComments: 'none',
    },
    performance: { printFileSize: false },
    tools: { htmlPlugin: false },
  };
  return createRsbuild({ cwd: root, config: mergeRsbuildConfig(config, given) });
}

/** Builds once. */
export async function build(
  root: string,
  config: RsbuildConfig,
  createRsbuild = createNewest,
): Promise<Built> {
  const said: Built = { warnings: [], errors: [], log: [] };
  try {
    const rsbuild = await rsbuildOf(root, config, said, createRsbuild);
    const { close } = await rsbuild.build();
    await close();
  } catch (error) {
    said.errors.push((error as Error).message);
  }
  return said;
}

const versions = await loadVersions<typeof createNewest>({
  'Rsbuild 2': () => createNewest,
  // Rsbuild before 2.3 copies the same public directories into the outputs of all environments.
  'Rsbuild 2.0': async () => (await import('rsbuild20')).createRsbuild as unknown as typeof createNewest,
});

/** Describes what has to hold with the current version and the oldest supported. */
export function describeRsbuilds(body: (createRsbuild: typeof createNewest) => void): void {
  versions.describe(body);
}

export const host: Host = {
  name: 'Rsbuild 2',
  id: 'rsbuild',
  create: reflink,
  async build({ root, options, entry = 'main.js' }): Promise<HostOutcome> {
    const outDir = join(root, 'dist');
    const source = { entry: { [BUNDLE.replace('.js', '')]: join(root, entry) } };
    try {
      return { outDir, ...(await build(root, { source, plugins: [reflink(options)] })) };
    } catch (error) {
      return { outDir, warnings: [], errors: [(error as Error).message], log: [] };
    }
  },
};

/** An instance of the plugin, and the reports of its copies. */
export function reporting(options: Options) {
  const reports: Parameters<Extract<Options['report'], (...given: never) => unknown>>[0][] = [];
  return { reports, plugin: reflink({ report: (report) => void reports.push(report), ...options }) };
}
