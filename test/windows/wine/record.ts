/** What became of one test inside. */
export interface InnerTest {
  /** The names of its suites and its own. */
  path: string[];
  state: 'passed' | 'failed' | 'skipped';
  errors: string[];
}

/** What became of one test file inside. */
export interface InnerFile {
  /** Relative to the repository, with slashes. */
  file: string;
  /** Of the file itself: it could not be loaded. */
  errors: string[];
  tests: InnerTest[];
}

export interface InnerRun {
  files: InnerFile[];
  /** Of no test: an unhandled rejection, say. */
  errors: string[];
  /** What tests wrote, with their names. */
  printed: string[];
}
