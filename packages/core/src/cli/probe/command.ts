import { Command, Option } from 'commander';

/** `end` is called with the exit status. */
export function probeCommand(end: (status: number) => void): Command {
  return new Command('probe')
    .summary('say what is possible between two places, and why not')
    .description(
      'Tries it with small files that it deletes again. Both places may be files, directories, or paths ' +
        'that do not exist yet.',
    )
    .usage('[options] [from] [to]')
    .argument('[from]', 'where files come from (default: the current directory)')
    .argument('[to]', 'where they go to (default: the same place)')
    .addOption(new Option('--json', 'print the result as JSON'))
    .action(async (from: string | undefined, to: string | undefined, flags: { json?: boolean }) => {
      const { runProbe } = await import('./probe.ts');
      end(await runProbe(from ?? '.', to ?? from ?? '.', flags));
    });
}
