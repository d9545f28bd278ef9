import type { CopyEntry, CopyReport } from 'fs-reflink';

/**
 * What happened in one output directory. The summary, the lines and the option `report`, and what a host lists, are made
 * of it. Each file counts once, as it ended.
 */
export class OutputReport {
  readonly #copy: CopyReport;
  /** Files that were copied again, because a bundle replaced them: the last time counts. */
  readonly #again = new Map<string, CopyEntry>();

  /** `copy` is that of all files. */
  constructor({ overlaps: _overlaps, ...copy }: CopyReport) {
    this.#copy = copy;
  }

  /** Some files were copied again. */
  copiedAgain({ entries = [], directories, durationMs, warnings }: CopyReport): void {
    for (const entry of entries) this.#again.set(entry.destination, entry);
    this.#copy.directories += directories;
    this.#copy.durationMs += durationMs;
    this.#copy.warnings.push(...warnings);
  }

  /** What a dry run would do with the files that go to these absolute paths. */
  entriesAt(destinations: ReadonlySet<string>): CopyEntry[] {
    const { entries = [] } = this.#copy;
    return entries.filter(({ action, destination }) => action !== 'pruned' && destinations.has(destination));
  }

  /**
   * The report as of now.
   *
   * @param replaced what the copy of all files did with those that a bundle replaced
   * @param deleted absolute paths that were deleted besides
   * @param isThere whether there is a file again at the absolute path of one that was deleted
   */
  toReport(
    replaced: readonly CopyEntry[],
    deleted: readonly string[],
    isThere: (file: string) => boolean = () => false,
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
    // What was deleted there before stays deleted.
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
