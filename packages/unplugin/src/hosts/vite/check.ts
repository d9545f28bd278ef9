import type { Environment, ResolvedConfig } from 'vite';
import { AFTER_THE_BUILD, callingVersion, unsupported, useEntry } from '../../options/unsupported.ts';
import { disposeAhead } from '../../output/preparation.ts';

const VITE_5 = `Update Vite; or use "unplugin-reflink/rollup", with the public directory as its option "publicDir" and with build.copyPublicDir: false; or ${AFTER_THE_BUILD}. VitePress 1 has Vite 5`;

/** @throws {TypeError} where Vite is older than what the plugin is made for, which has no environments */
export function checkConfig(config: ResolvedConfig): void {
  if (config.environments) return;
  void disposeAhead();
  const version = callingVersion('vite') ?? '5 or older';
  throw unsupported('vite', `Vite ${version}`, VITE_5);
}

/** What a hook's `this` tells of the bundler that runs it. */
export interface HookContext {
  /** Undefined in bundlers without Vite. */
  environment: Environment;
  meta: { rollupVersion: string; rolldownVersion?: string };
}

/** @throws {TypeError} where a bundler without Vite runs the hooks of the plugin */
export function checkContext({ environment, meta }: HookContext): void {
  if (environment) return;
  const { rollupVersion, rolldownVersion } = meta;
  if (rolldownVersion) throw unsupported('vite', `Rolldown ${rolldownVersion}`, useEntry('rolldown'));
  throw unsupported('vite', `Rollup ${rollupVersion}`, useEntry('rollup'));
}
