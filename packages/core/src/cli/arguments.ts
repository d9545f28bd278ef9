/** Options of `cp` whose value is optional, and what they mean without one. */
const BARE: Readonly<Record<string, string>> = {
  '--reflink': 'always',
  '--delete': 'everything',
  '--fsync': 'file',
  '--preserve': 'mode,ownership,timestamps',
};

/**
 * Gives options that have none their value, as in cp(1): there an optional value is always attached by `=`, so
 * that `cp --reflink a b` has two paths. The parser would take the first of them.
 */
export function withValues(argv: readonly string[]): string[] {
  if (argv[0] !== 'cp') return [...argv];
  const end = argv.indexOf('--');
  return argv.map((argument, position) => {
    const isOption = (end < 0 || position < end) && Object.hasOwn(BARE, argument);
    return isOption ? `${argument}=${BARE[argument]}` : argument;
  });
}

/** Whether an option is there before the parser could say so: for errors of the parser itself. */
export function hasOption(argv: readonly string[], name: string): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(name);
}
