/**
 * The copy engine.
 *
 * @module fs-reflink
 */

export { copy, plan } from './copy.ts';
export { type CopyFileResult, copyFile, copyFileSync } from './copy-file.ts';
export { type Attempt, CopyError, type CopyErrorDetails } from './errors.ts';
export { isSmallCopy } from './is-small-copy.ts';
export { type FileList, type ListedFile, list, listSync } from './list.ts';
export {
  type Attribute,
  type CopyFileOptions,
  type CopyOptions,
  checkOptions,
  type Planned,
  type PlannedFile,
  type Progress,
} from './options.ts';
export { ignoresCase } from './platform/spelling.ts';
export { preload } from './preload.ts';
export { type Ability, type DirectAbility, type Probe, type ProbePlace, probe } from './probe.ts';
export type { CopyEntry, CopyReport, Method, MethodCount, Overlap } from './report.ts';
export { startWorkers, type Workers } from './start-workers.ts';
export type { Target, Transform, TransformedFile } from './target.ts';
