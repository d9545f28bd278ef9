/** A file or link that is going to be copied, or is in its place already. */
export interface PlannedFile {
  /** Absolute path of the source. */
  source: string;
  /** Absolute path of the destination. */
  destination: string;
  /** Which of the targets names it, counted from 0. */
  target: number;
}
