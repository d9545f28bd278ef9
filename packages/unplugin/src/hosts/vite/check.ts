import type { Environment, ResolvedConfig } from 'vite';
import { AFTER_THE_BUILD, callingVersion, unsupported, unsupportedIn } from '../../options/unsupported.ts';
import { disposeAhead } from '../../output/preparation.ts';

const VITE_5 = `Update Vite; or use "unplugin-reflink/rollup", with the public directory as its option "publicDir" and with build.copyPublicDir: false; or ${AFTER_THE_BUILD}. VitePress 1 has Vite 5`;

/** @throws {TypeError} if Vite is older than version 6, which introduced environments */
export function checkConfig(config: ResolvedConfig): void {
  if (config.environments) return;
  void disposeAhead();
  const version = callingVersion('vite') ?? '5 or older';
  throw unsupported('vite', `Vite ${version}`, VITE_5);
}

/** The part of a hook's `this` that tells which bundler runs the hook. */
export interface HookContext {
  /** Undefined if Rollup or Rolldown runs the hook without Vite. */
  environment: Environment;
  meta: { rollupVersion: string; rolldownVersion?: string };
}

/** @throws {TypeError} if Rollup or Rolldown runs the plugin's hooks without Vite */
export function checkContext({ environment, meta }: HookContext): void {
  if (!environment) throw unsupportedIn(meta, 'vite');
}
