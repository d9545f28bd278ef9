/**
 * The copy engine.
 *
 * @module fs-reflink
 */

export { copy, plan } from './copy.ts';
export { type CopyFileResult, copyFile, copyFileSync } from './copy-file.ts';
export { type CopySyncOptions, copySync } from './copy-sync.ts';
export { type Attempt, CopyError, type CopyErrorDetails } from './errors.ts';
export type { CopyEntry, PlannedFile } from './model/entry.ts';
export type { Ability, DirectAbility, Probe, ProbePlace } from './model/probe.ts';
export type { Attribute, Method } from './model/settings.ts';
export type { CopyFileOptions, CopyOptions, Planned, Progress } from './options.ts';
export { ignoresCase } from './platform/spelling.ts';
export { probe } from './probe.ts';
export type { CopyReport, MethodCount, Overlap } from './report.ts';
export type { Target, Transform, TransformedFile } from './target.ts';
