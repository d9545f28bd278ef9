import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { BARE, benchCommand, copyCommand, help, probeCommand } from './commands.ts';
import { describeError, EXIT, errorToJson, UsageError } from './failure.ts';
import { complain, printJson } from './output.ts';

const { version } = createRequire(import.meta.url)('fs-reflink/package.json') as { version: string };

/** Runs the command line and returns the exit status. Prints all results and errors, and never throws. */
export async function runProgram(given: readonly string[]): Promise<number> {
  const argv = withValues(given);
  let status: number = EXIT.ok;
  const program = createProgram((ended) => {
    status = ended;
  });
  try {
    if (argv.length === 0) throw new UsageError('no command given', program.helpInformation().trimEnd());
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
    const unknown = withValue(thrown);
    const isKnown = program.commands.some(({ options }) =>
      options.some(({ long }) => long === unknown?.name),
    );
    // The parser suggests similar names only for an option without a value, so let it refuse the option again without
    // one.
    if (unknown && !isKnown)
      return runProgram(argv.map((each) => (each === unknown.given ? unknown.name : each)));
    const error = unknown ? new UsageError(`option '${unknown.name}' takes no value`) : thrown;
    const usage = toUsageError(error, argv);
    if (hasOption(argv, '--json')) printJson({ error: errorToJson(usage ?? error) });
    else if (usage) complain(usage.hint ? `${usage.message}\n${usage.hint}` : usage.message);
    else complain(describeError(error, hasOption(argv, '--verbose') || hasOption(argv, '-v')));
    return usage ? EXIT.usage : EXIT.failed;
  }
}

function createProgram(end: (status: number) => void): Command {
  const program = new Command('fs-reflink')
    .description('Clones files where the filesystem can, and copies them in the kernel elsewhere.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .configureHelp(help)
    .configureOutput({ writeErr: () => {} })
    .helpCommand(false)
    .exitOverride()
    .addHelpText('after', '\nExit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted (Ctrl-C).');
  for (const command of [copyCommand(end), probeCommand(end), benchCommand(end)]) {
    program.addCommand(command.copyInheritedSettings(program).helpOption('-h, --help', 'print this'));
  }
  return program;
}

/** An unknown option that was given with a value. */
function withValue(error: unknown): { given: string; name: string } | undefined {
  if (!(error instanceof CommanderError) || error.code !== 'commander.unknownOption') return undefined;
  const [, given, name] = /'((--[^=']+)=.*)'/s.exec(error.message) ?? [];
  return given !== undefined && name !== undefined ? { given, name } : undefined;
}

/** Converts an error that the user can correct to a usage error; returns undefined for others. */
function toUsageError(error: unknown, argv: readonly string[]): UsageError | undefined {
  const command = ['cp', 'probe', 'bench'].find((name) => name === argv[0]);
  const hint = `Try 'fs-reflink ${command ? `${command} ` : ''}--help'.`;
  if (error instanceof UsageError) return new UsageError(error.message, error.hint ?? hint);
  if (error instanceof CommanderError) {
    return new UsageError(error.message.replace(/^error: /, '').replace('\n', ' '), hint);
  }
  if (error instanceof TypeError && error.message.startsWith('fs-reflink: ')) {
    return new UsageError(error.message.replace('fs-reflink: ', ''), hint);
  }
  return undefined;
}

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
function withValues(argv: readonly string[]): string[] {
  if (argv[0] !== 'cp') return [...argv];
  const end = argv.indexOf('--');
  return argv.map((argument, position) => {
    if (end >= 0 && position >= end) return argument;
    if (Object.hasOwn(UPDATE, argument)) return UPDATE[argument]!;
    return Object.hasOwn(BARE, argument) ? `${argument}=${BARE[argument]}` : argument;
  });
}

/** Whether an option was given. Also works if the parser failed: for its own errors. */
function hasOption(argv: readonly string[], name: string): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(name);
}
