import { createRequire } from 'node:module';
import { Command, CommanderError, type Option } from 'commander';
import { hasOption, withValues } from './arguments.ts';
import { benchCommand } from './bench/command.ts';
import { copyCommand } from './cp/command.ts';
import { describeError, EXIT, errorToJson, UsageError } from './failure.ts';
import { complain, printJson } from './output.ts';
import { probeCommand } from './probe/command.ts';

const { version } = createRequire(import.meta.url)('fs-reflink/package.json') as { version: string };

/** Runs the command line and returns the exit status. Prints whatever there is to say, and never throws. */
export async function runProgram(given: readonly string[]): Promise<number> {
  const argv = withValues(given);
  let status: number = EXIT.ok;
  const program = createProgram((ended) => {
    status = ended;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const usage = toUsageError(error, argv);
    if (hasOption(argv, '--json')) printJson({ error: errorToJson(usage ?? error) });
    else if (usage) complain(usage.hint ? `${usage.message}\n${usage.hint}` : usage.message);
    else complain(describeError(error, hasOption(argv, '--verbose') || hasOption(argv, '-v')));
    return usage ? EXIT.usage : EXIT.failed;
  }
}

function createProgram(end: (status: number) => void): Command {
  const program = new Command('fs-reflink')
    .description('Copies files: cloned where the filesystem can, inside the kernel where it cannot.')
    .version(version, '-V, --version')
    .configureHelp({ optionTerm, helpWidth: HELP_WIDTH })
    .configureOutput({ writeErr: () => {} })
    .helpCommand(false)
    .exitOverride()
    .addHelpText('after', OUTLOOK);
  // Without a command there is nothing to do.
  program.action(() => {
    throw new UsageError('no command given', program.helpInformation() + OUTLOOK);
  });
  program.addCommand(inherit(copyCommand(end), program));
  program.addCommand(inherit(probeCommand(end), program));
  program.addCommand(inherit(benchCommand(end), program));
  return program;
}

const HELP_WIDTH = 80;

const OUTLOOK = `
Each command has its own help: fs-reflink cp --help
Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.`;

function inherit(command: Command, program: Command): Command {
  return command.copyInheritedSettings(program);
}

/** An optional value is attached: `--reflink[=when]`. */
function optionTerm(option: Option): string {
  return option.flags.replace(' [', '[=').replace(/ <(?=[^>]*>$)/, option.short ? ' <' : '=<');
}

/** What is the user's to put right, in words that say how. */
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
