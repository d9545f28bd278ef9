import type { CopyEntry, CopyReport } from 'fs-reflink';

/**
 * What happened in one output directory. The summary, the lines for files, the report for the option `report`, and
 * what a host lists are made of it. Each file counts once, with its final outcome.
 */
export class OutputReport {
  readonly #copy: CopyReport;
  /** Files that were copied again, because a bundle replaced them. Only the last copy counts. */
  readonly #again = new Map<string, CopyEntry>();

  /** The argument is the report of the copy of all files. */
  constructor({ overlaps: _overlaps, ...copy }: CopyReport) {
    this.#copy = copy;
  }

  /** Call this when some files were copied again, with the report of that copy. */
  copiedAgain({ entries = [], directories, durationMs, warnings }: CopyReport): void {
    for (const entry of entries) this.#again.set(entry.destination, entry);
    this.#copy.directories += directories;
    this.#copy.durationMs += durationMs;
    this.#copy.warnings.push(...warnings);
  }

  /**
   * The report as of now.
   *
   * @param replaced the entries that the copy of all files has for files that a bundle replaced
   * @param deleted absolute paths of other files that were deleted
   * @param isThere whether a file exists again at the absolute path of a deleted one
   */
  toReport(
    replaced: readonly CopyEntry[],
    deleted: readonly string[],
    isThere: (file: string) => boolean,
  ): CopyReport {
    const later = [
      ...this.#again.values(),
      ...deleted
        .filter((each) => !isThere(each))
        .map((destination): CopyEntry => ({ destination, action: 'pruned', bytes: 0 })),
    ];
    const { entries, methods, ...counts } = this.#copy;
    const report: CopyReport = { ...counts, methods: structuredClone(methods) };
    const rewritten = new Set(
      (entries ?? []).filter(({ action, destination }) => action === 'pruned' && isThere(destination)),
    );
    for (const entry of [...replaced, ...rewritten]) count(report, entry, -1);
    for (const entry of later) count(report, entry, 1);
    if (!entries) return report;
    const destinations = new Set(replaced.map(({ destination }) => destination));
    // A file that was deleted stays listed, unless a file exists there again.
    const stayed = entries.filter((entry) =>
      entry.action === 'pruned' ? !rewritten.has(entry) : !destinations.has(entry.destination),
    );
    return { ...report, entries: [...stayed, ...later] };
  }
}

function count(report: CopyReport, { action, method, bytes }: CopyEntry, sign: 1 | -1): void {
  if (action === 'unchanged') report.unchanged += sign;
  if (action === 'linked') report.links += sign;
  if (action === 'pruned') report.pruned += sign;
  if (action !== 'copied') return;
  report.files += sign;
  report.bytes += sign * bytes;
  const sum = (report.methods[method!] ??= { files: 0, bytes: 0 });
  sum.files += sign;
  sum.bytes += sign * bytes;
  if (sum.files === 0) delete report.methods[method!];
}
