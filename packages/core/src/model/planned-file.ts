/** A file or link that will be copied, or that is already up to date. */
export interface PlannedFile {
  /** Absolute path of the source. */
  source: string;
  /** Absolute path of the destination. */
  destination: string;
  /** The index of the target that names it. */
  target: number;
}
