export type { CopyReport, Target } from 'fs-reflink';
export type { Options, PublicDirectory, Report } from './options.ts';
export { reflink as default, reflink } from './unplugin.ts';
