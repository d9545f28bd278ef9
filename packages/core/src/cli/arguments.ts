/** Options of `cp` with an optional value, and the value they have without one. */
const BARE: Readonly<Record<string, string>> = {
  '--reflink': 'always',
  '--delete': 'everything',
  '--fsync': 'file',
  '--preserve': 'mode,ownership,timestamps',
};

/** What `--update` with a value is called here. */
const UPDATE: Readonly<Record<string, string>> = {
  '--update=all': '--overwrite=always',
  '--update=none': '--overwrite=never',
  '--update=none-fail': '--overwrite=error',
  '--update=older': '--overwrite=older',
};

/**
 * Adds the default value to options without one, as in cp(1): there an optional value is always attached by `=`, so
 * that `cp --reflink a b` has two paths. The parser would take the first path as the value.
 */
export function withValues(argv: readonly string[]): string[] {
  if (argv[0] !== 'cp') return [...argv];
  const end = argv.indexOf('--');
  return argv.map((argument, position) => {
    if (end >= 0 && position >= end) return argument;
    if (Object.hasOwn(UPDATE, argument)) return UPDATE[argument]!;
    return Object.hasOwn(BARE, argument) ? `${argument}=${BARE[argument]}` : argument;
  });
}

/** Whether an option was given. Also works if the parser failed: for its own errors. */
export function hasOption(argv: readonly string[], name: string): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(name);
}
