import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { build as farmBuild, type Logger, type UserConfig } from '@farmfe/core';
import reflink from 'unplugin-reflink/farm';
import { BUNDLE } from '../hosts/cases.ts';
import type { Host, HostOutcome } from '../hosts/project.ts';

export type Built = Pick<HostOutcome, 'warnings' | 'errors' | 'log'>;

/** A logger that collects messages. Unlike Farm's own logger, it does not end the process after an error. */
function keepingLogger({ warnings, errors, log }: Built): Logger {
  const isOurs = (message: string) => message.startsWith('unplugin-reflink');
  const keep = (list: string[], when: (message: string) => boolean) => (given: unknown) => {
    const message = stripVTControlCharacters(given instanceof Error ? given.message : String(given));
    if (when(message)) list.push(message);
  };
  const info = keep(log, isOurs);
  const ignore = () => {};
  return {
    ...{ info, debug: ignore, trace: ignore, setPrefix: ignore },
    warn: keep(warnings, isOurs),
    error: keep(errors, () => true),
  } as never as Logger;
}

/** A project with one file named `BUNDLE`. */
export function configOf(root: string, given: UserConfig = {}): UserConfig {
  const { compilation, ...others } = given;
  return {
    root,
    ...others,
    compilation: {
      mode: 'production',
      input: { [BUNDLE]: join(root, 'main.js') },
      persistentCache: false,
      minify: false,
      presetEnv: false,
      sourcemap: false,
      ...compilation,
      output: {
        path: 'dist',
        entryFilename: '[entryName]',
        filename: '[resourceName].[ext]',
        targetEnv: 'node',
        clean: false,
        ...compilation?.output,
      },
    },
  };
}

/** Builds once. */
export async function build(root: string, config: UserConfig): Promise<Built> {
  const said: Built = { warnings: [], errors: [], log: [] };
  const before = process.env.NODE_ENV;
  try {
    await farmBuild({ ...configOf(root, config), configFile: false, logger: keepingLogger(said) } as never);
  } catch (error) {
    said.errors.push((error as Error).message);
  } finally {
    if (before !== undefined) process.env.NODE_ENV = before;
  }
  return said;
}

export const host: Host = {
  name: 'Farm 1',
  id: 'farm',
  create: reflink,
  async build({ root, options, entry = 'main.js' }): Promise<HostOutcome> {
    const outDir = join(root, 'dist');
    try {
      const compilation = { input: { [BUNDLE]: join(root, entry) } };
      return { outDir, ...(await build(root, { compilation, plugins: [reflink(options)] })) };
    } catch (error) {
      return { outDir, warnings: [], errors: [(error as Error).message], log: [] };
    }
  },
};
