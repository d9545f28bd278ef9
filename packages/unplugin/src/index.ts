export type { CopyReport } from 'fs-reflink';
export type { Options } from './options.ts';
export { reflink as default, reflink } from './unplugin.ts';
