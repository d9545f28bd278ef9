import { Command, Help, InvalidArgumentError, Option } from 'commander';
import { MAX_WORKERS } from '../schema.ts';
import type { BenchFlags } from './bench/bench.ts';
import type { CopyFlags } from './cp/flags.ts';
import { UsageError } from './failure.ts';

/** What a command calls with its exit status. */
type End = (status: number) => void;

/** Options of `cp` with an optional value, and the value they have without one. */
export const BARE: Readonly<Record<string, string>> = {
  '--reflink': 'always',
  '--delete': 'everything',
  '--fsync': 'file',
  '--preserve': 'mode,ownership,timestamps',
};

const collect = (value: string, list: string[] | undefined) => [...(list ?? []), value];

/** Parses a whole number from 1 to `most`. */
const numberTo = (most: number) => (value: string) => {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new InvalidArgumentError(`It has to be a whole number from 1 to ${most}.`);
};

/**
 * Options of cp(1) that users type out of habit. They are added first: an option that is added before its `--no-`
 * form has no default. `-a` comes after `-p`: if both imply a value, the one that was added last counts.
 */
const familiar = [
  new Option('-L, --dereference'),
  new Option('--no-clobber').conflicts('overwrite'),
  new Option('-p').implies({ preserve: BARE['--preserve'] }),
  new Option('-a, --archive').implies({ preserve: 'all', dereference: false }),
  new Option('-r, --recursive'),
  new Option('-R'),
  new Option('-f, --force'),
  new Option('-u, --update').conflicts(['overwrite', 'clobber']),
  new Option('-t, --target-directory <dir>'),
  new Option('--parents').conflicts('flatten'),
  new Option('--clone-directories'),
  new Option('--sparse <when>').argParser((when) => {
    if (when === 'auto') return;
    throw new UsageError(
      `cannot do '--sparse=${when}': holes of the source stay holes (auto); no other holes are made, and none are filled`,
    );
  }),
];

/** Options of cp(1) that this command does not have, and why. They are parsed so that the error can give the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  '-l, --link':
    'a hard link is not a copy: a change to one file changes both; clones (--reflink=always) take as little space',
  '-s, --symbolic-link': 'a symbolic link is not a copy; use ln -s',
  '-i, --interactive':
    'it never asks; choose with --overwrite what happens to files that exist, and try it with -n',
  '-b, --backup [control]':
    'it keeps no old versions; with --overwrite=error it fails before it replaces one',
  '-x, --one-file-system': 'it does not stop at other filesystems; leave them out with --exclude',
  '--attributes-only': 'it copies attributes only together with contents',
  '-d': 'use -P --preserve=links',
  '-H': 'it follows all links (-L) or keeps all (-P); a directory is copied as its contents, also if it is given as a link',
  '-S, --suffix <suffix>': 'it keeps no old versions; with --overwrite=error it fails before it replaces one',
  '-Z, --context [context]': 'it sets no security context; --preserve=xattr copies that of the source',
  '--copy-contents': 'it does not read FIFOs and devices; --preserve=devices copies them as what they are',
  '--keep-directory-symlink':
    'a directory of the destination that is a symbolic link is not followed; copy into what it leads to',
  '--remove-destination': 'a file that exists is replaced by a new one anyway; leave the option out',
  '--strip-trailing-slashes': 'a slash at the end of a source changes nothing; leave the option out',
  '-T, --no-target-directory':
    'a directory is copied as its contents anyway, so leave the option out; a file goes into <to> if that is a directory',
  '--no-preserve <list>': 'name what is preserved with --preserve=list; --preserve=none preserves nothing',
};

const visible = [
  new Option('-n, --dry-run', 'say what the copy would do, and write nothing'),
  new Option('-v, --verbose', 'a line for each file; errors with their causes'),
  new Option('-q, --quiet', 'errors only').conflicts('verbose'),
  new Option('--json', 'print the report as JSON; -v: an entry for each file'),
  new Option('--reflink [when]', 'always (or fail), never, auto (the default)').choices([
    'auto',
    'always',
    'never',
  ]),
  new Option('--overwrite <when>', 'always (default), changed, older (-u), never, error').choices([
    'always',
    'changed',
    'older',
    'never',
    'error',
  ]),
  new Option('--delete [what]', 'delete what is only in <to>; placed: what we copied').choices([
    'everything',
    'placed',
  ]),
  new Option('--keep <path>', 'a path below <to> to keep; may be repeated').argParser(collect),
  new Option('--manifest <file>', 'record what was copied; skip what did not change'),
  new Option('--exclude <glob>', 'leave out, as in rsync; may be repeated').argParser(collect),
  new Option('--flatten', 'all files directly in <to>'),
  new Option('--keep-going', 'copy the rest after an error; the exit status is 1'),
  new Option('--ignore-missing-args', 'a missing source is a warning'),
  new Option('-P, --no-dereference', 'keep symbolic links (-L, the default: follow them)'),
  new Option('--preserve [list]', 'mode,timestamps; ownership,links,devices,xattr... all'),
  new Option('--atomic', 'every file under a temporary name first'),
  new Option('--fsync [what]', 'wait for the disk: file, full (directories too)').choices(['file', 'full']),
  new Option('--bypass-cache', 'copy past the page cache what cannot be cloned'),
  new Option('-j, --jobs <n>', 'worker threads, 1 to 8').argParser(numberTo(MAX_WORKERS)),
  new Option('-C, --directory <dir>', 'the directory that paths are relative to'),
];

export function copyCommand(end: End): Command {
  const command = new Command('cp')
    .summary('copy files, directories and globs')
    .description('A directory means its contents, as in `rsync from/ to`. Later sources win.')
    .usage('[options] <from...> <to>')
    .argument('[paths...]');
  const refused = Object.entries(REFUSED).map(([flags, reason]) => ({ option: new Option(flags), reason }));
  // The parser takes an option that begins with `--no-` for the opposite of another one.
  for (const { option } of refused) option.negate = false;
  for (const option of [...familiar, ...refused.map(({ option }) => option)])
    command.addOption(option.hideHelp());
  for (const option of visible) command.addOption(option);
  return command.action(async (paths: string[], flags: CopyFlags) => {
    const given = refused.find(({ option }) => command.getOptionValue(option.attributeName()) !== undefined);
    if (given)
      throw new UsageError(`cannot do '${given.option.long ?? given.option.short}': ${given.reason}`);
    const { runCopy } = await import('./cp/cp.ts');
    end(await runCopy(paths, flags));
  });
}

const MAX_ROUNDS = 100;
const DEFAULT_ROUNDS = 5;

export function benchCommand(end: End): Command {
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
        .argParser(numberTo(MAX_ROUNDS)),
    )
    .option('--fsync', 'include the time until data is on the disk')
    .option('-q, --quiet', 'the result only')
    .option('--json', 'print the result as JSON')
    .action(async (directory: string | undefined, flags: BenchFlags) => {
      const { runBench } = await import('./bench/bench.ts');
      end(await runBench(directory, flags));
    });
}

export function probeCommand(end: End): Command {
  return new Command('probe')
    .summary('say what is possible between two places, and why not')
    .description(
      'Tries it with small files that it deletes again. Both places may be files, directories, or paths ' +
        'that do not exist yet.',
    )
    .usage('[options] [from] [to]')
    .argument('[from]', 'where files come from (default: the current directory)')
    .argument('[to]', 'where they go to (default: the same place)')
    .option('--json', 'print the result as JSON')
    .action(async (from: string | undefined, to: string | undefined, flags: { json?: boolean }) => {
      const { runProbe } = await import('./probe.ts');
      end(await runProbe(from ?? '.', to ?? from ?? '.', flags));
    });
}

/** An option list of this length leaves no room for a heading, nor for `--help`, which the user has just used. */
const CROWD = 16;

/** The layout of help: every screen of it fits one terminal of 80 columns and 24 lines. */
export const help: Partial<Help> & { helpWidth: number } = {
  helpWidth: 80,
  /** An optional value is attached by `=`: `--reflink[=when]`. */
  optionTerm: ({ flags, short }: Option) => flags.replace(' [', '[=').replace(/ (?=<)/, short ? ' ' : '='),
  // Commander would append the choices, but the descriptions already name them with their meanings.
  optionDescription: ({ description }: Option) => description,
  subcommandTerm: (command: Command) => command.name(),
  formatHelp: (command: Command, layout: Help) => {
    const text = new Help().formatHelp.call(layout, command, layout);
    if (command.options.length <= CROWD) return text;
    return text
      .replace(/\nOptions:\n/, '\n')
      .replace(/\n\n(?=\S)/, '\n')
      .replace(/\n +-h, --help .*/, '');
  },
};
