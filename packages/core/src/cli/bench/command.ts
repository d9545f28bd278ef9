import { Command, InvalidArgumentError, Option } from 'commander';
import type { BenchFlags } from './bench.ts';

const MAX_ROUNDS = 100;
const DEFAULT_ROUNDS = 5;

/** `end` is called with the exit status. */
export function benchCommand(end: (status: number) => void): Command {
  return new Command('bench')
    .summary('measure every method between two places')
    .description(
      'Copies <dir>, or generated files (68 MB), by each method in turn, and removes the copies. ' +
        'Times are from the call to its return, with the source in the cache.',
    )
    .usage('[options] [dir]')
    .argument('[dir]', 'files to copy')
    .option('--to <dir>', 'where copies go (default: beside <dir>, or here)')
    .addOption(
      new Option('--rounds <n>', `counted runs of each method (default: ${DEFAULT_ROUNDS})`)
        .default(DEFAULT_ROUNDS)
        .argParser(toRounds),
    )
    .option('--fsync', 'include the time until data is on the disk')
    .option('-q, --quiet', 'the result only')
    .option('--json', 'print the result as JSON')
    .action(async (directory: string | undefined, flags: BenchFlags) => {
      const { runBench } = await import('./bench.ts');
      end(await runBench(directory, flags));
    });
}

function toRounds(value: string): number {
  const rounds = Number(value);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= MAX_ROUNDS) return rounds;
  throw new InvalidArgumentError(`It has to be a whole number from 1 to ${MAX_ROUNDS}.`);
}
