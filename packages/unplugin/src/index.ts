export type { CopyReport } from 'fs-reflink';
export type { Options } from './options.ts';
export { default as vite } from './vite.ts';
