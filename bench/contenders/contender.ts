export type Unit = 'ms' | 'MB' | 'kB' | 'files';
export interface Figure {
  value: number;
  unit: Unit;
}

export const ms = (value: number): Figure => ({ value, unit: 'ms' });
export const megabytes = (bytes: number): Figure => ({ value: bytes / 1e6, unit: 'MB' });

export interface Outcome {
  /** What was measured, by the name it has in the table. */
  figures: Record<string, Figure>;
  /** How the files were placed, where the contender says so. */
  note?: string;
}

export interface Contender {
  name: string;
  /** Fills `to`, which does not exist yet, from the directory `from`. */
  run(from: string, to: string): Outcome | Promise<Outcome>;
  /** It takes part in the first of every six rounds only: more would take too long. */
  slow?: boolean;
  /** What its destination must hold afterwards. @default 'copy' */
  leaves?: 'copy' | 'copy and more' | 'nothing';
}
