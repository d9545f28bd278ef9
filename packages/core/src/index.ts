/**
 * The copy engine.
 *
 * @module fs-reflink
 */

export { copy, plan } from './copy.ts';
export { type CopyFileResult, copyFile, copyFileSync } from './copy-file.ts';
export { type Attempt, CopyError, type CopyErrorDetails } from './errors.ts';
export type {
  Attribute,
  CopyFileOptions,
  CopyOptions,
  Planned,
  PlannedFile,
  Progress,
} from './options.ts';
export { ignoresCase } from './platform/spelling.ts';
export { type Ability, type DirectAbility, type Probe, type ProbePlace, probe } from './probe.ts';
export type { CopyEntry, CopyReport, Method, MethodCount, Overlap } from './report.ts';
export type { Target, Transform, TransformedFile } from './target.ts';
