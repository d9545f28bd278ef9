/**
 * The types of the options, and the plugin of all bundlers as one instance of unplugin.
 *
 * @module unplugin-reflink
 */

export type { CopyReport, Target } from 'fs-reflink';
export type { ImportedAssets } from './assets/options.ts';
export type { AssetOptions, Options, OutputTarget, PublicDirectory, Report } from './options/options.ts';
export { reflink as default, reflink } from './unplugin.ts';
