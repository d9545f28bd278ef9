import { Command, InvalidArgumentError, Option } from 'commander';
import { MAX_WORKERS } from '../../schema.ts';
import type { CopyFlags } from './flags.ts';

const collect = (value: string, list: string[] | undefined) => [...(list ?? []), value];

/** `end` is called with the exit status. */
export function copyCommand(end: (status: number) => void): Command {
  const command = new Command('cp')
    .summary('copy files, directories and globs')
    .description('A directory means its contents, as in `rsync from/ to`. Later sources win.')
    .usage('[options] <from...> <to>')
    .argument('[paths...]');
  for (const option of [...familiar, ...refused]) command.addOption(option.hideHelp());
  for (const option of visible) command.addOption(option);
  return command.action(async (paths: string[], flags: CopyFlags) => {
    const { runCopy } = await import('./cp.ts');
    end(await runCopy(paths, flags));
  });
}

/**
 * Options of cp(1) that users type out of habit. They are added first: an option that is added before its `--no-`
 * form has no default.
 */
const familiar = [
  new Option('-L, --dereference'),
  new Option('--no-clobber').conflicts('overwrite'),
  new Option('-a, --archive'),
  new Option('-p'),
  new Option('-r, --recursive'),
  new Option('-R'),
  new Option('-f, --force'),
  new Option('-u, --update').conflicts(['overwrite', 'clobber']),
  new Option('-t, --target-directory <dir>'),
  new Option('--parents').conflicts('flatten'),
  new Option('--clone-directories'),
];

/** Options of cp(1) that this command does not have. They are parsed so that the error can give the reason. */
const refused = [
  new Option('-l, --link'),
  new Option('-s, --symbolic-link'),
  new Option('-i, --interactive'),
  new Option('-b, --backup [control]'),
  new Option('-x, --one-file-system'),
  new Option('--attributes-only'),
  new Option('--sparse <when>'),
  new Option('-d'),
  new Option('-H'),
  new Option('-S, --suffix <suffix>'),
  new Option('-Z, --context [context]'),
  new Option('--copy-contents'),
  new Option('--keep-directory-symlink'),
  new Option('--remove-destination'),
  new Option('--strip-trailing-slashes'),
  notNegated(new Option('-T, --no-target-directory')),
  notNegated(new Option('--no-preserve <list>')),
];

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
  new Option('-j, --jobs <n>', 'worker threads, 1 to 8').argParser(toThreads),
  new Option('-C, --directory <dir>', 'the directory that paths are relative to'),
];

/** The parser takes an option that begins with `--no-` for the opposite of another one. */
function notNegated(option: Option): Option {
  option.negate = false;
  return option;
}

function toThreads(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS) return count;
  throw new InvalidArgumentError(`It has to be a whole number from 1 to ${MAX_WORKERS}.`);
}
