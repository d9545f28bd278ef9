import { execute } from './execute/execute.ts';
import type { CopyOptions, ResolvedCopyOptions } from './options.ts';
import { type CopyReport, toReport } from './report.ts';
import { resolveCopyOptions } from './resolve-options.ts';
import type { Target } from './target.ts';

/**
 * Copies what `targets` name. A file is cloned where the filesystem can clone, copied inside the kernel where it
 * cannot, and left alone where nothing changed. No byte of a file passes through the JavaScript heap. The calling
 * thread copies small files in slices of a few milliseconds, and does other work between two slices. Worker threads
 * copy thousands of files, and files that take long.
 *
 * The first file that fails ends the copy, unless {@link CopyOptions.onError} says otherwise. Complete files stay,
 * the incomplete one is deleted.
 *
 * @example
 * ```ts
 * const report = await copy({ from: 'public', to: 'dist' });
 * console.log(report.files, report.methods);
 * ```
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 * @throws {CopyError} for everything else, with both paths, a code and the cause
 */
export async function copy(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Promise<CopyReport> {
  return run(resolveCopyOptions(targets, options));
}

/**
 * Reports what {@link copy} would do, without writing anything: `files` and `bytes` are what it would copy, `entries`
 * lists every path. `methods` is empty, because only a copy shows which method works.
 */
export async function plan(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Promise<CopyReport> {
  return run(asDryRun(resolveCopyOptions(targets, options)));
}

/** The options of a copy that only reports what it would do, with an entry for each path and no progress. */
export function asDryRun(options: ResolvedCopyOptions): ResolvedCopyOptions {
  return { ...options, job: { ...options.job, dryRun: true, entries: true, progress: false } };
}

/**
 * The first copy of a process counts from the start of the process: several processes may start together, and loading
 * takes long.
 */
let processBegan: number | undefined = performance.timeOrigin;

/** Runs a copy, or a dry run, with checked and complete options. */
export async function run(options: ResolvedCopyOptions): Promise<CopyReport> {
  const started = performance.now();
  const began = processBegan ?? Date.now();
  processBegan = undefined;
  const tally = await execute({ ...options, plan: { ...options.plan, began } });
  return toReport(tally, performance.now() - started, options);
}
