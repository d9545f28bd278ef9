import { execute } from './execute/execute.ts';
import type { Method } from './model/settings.ts';
import type { CopyOptions, ResolvedCopyOptions } from './options.ts';
import { type CopyReport, toReport } from './report.ts';
import { resolveCopyOptions } from './resolve-options.ts';
import type { Target } from './target.ts';
import { reportSettings, toJob } from './to-job.ts';

/**
 * Copies what `targets` name. A file is cloned where the filesystem can clone, copied inside the kernel where it cannot, and
 * left alone where nothing changed. No byte of a file passes through the JavaScript heap. The calling thread copies small
 * files in slices of a few milliseconds, and does other work between two slices. Worker threads copy thousands of files, and
 * files that take long.
 *
 * The first file that fails ends the copy, unless {@link CopyOptions.onError} says otherwise. Complete files stay, the
 * incomplete one is deleted.
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
  return run(resolveCopyOptions(targets, options), { dryRun: false });
}

/**
 * Says what {@link copy} would do, and writes nothing: `files` and `bytes` are what it would copy, `entries` lists every
 * path. `methods` is empty, because only a copy shows which method works.
 */
export async function plan(
  targets: Target | readonly Target[],
  options: CopyOptions = {},
): Promise<CopyReport> {
  return run({ ...resolveCopyOptions(targets, options), entries: true }, { dryRun: true });
}

/** A copy with all options filled in. `only` keeps to one method, to measure it. */
export async function run(
  options: ResolvedCopyOptions,
  { dryRun, only }: { dryRun: boolean; only?: Method | undefined },
): Promise<CopyReport> {
  const started = performance.now();
  const { job, plan } = toJob(options, { dryRun, only });
  const tally = await execute(job, plan, options);
  return toReport(tally, performance.now() - started, reportSettings(options));
}
