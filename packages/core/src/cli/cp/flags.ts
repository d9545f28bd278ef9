import type { Attribute } from '../../model/settings.ts';
import type { CopyOptions } from '../../options.ts';
import { ATTRIBUTES } from '../../schema.ts';
import { UsageError } from '../failure.ts';

/** Flags of `cp`, as the parser gives them. */
export interface CopyFlags {
  dryRun?: boolean;
  verbose?: boolean;
  quiet?: boolean;
  json?: boolean;
  reflink?: 'auto' | 'always' | 'never';
  overwrite?: 'always' | 'changed' | 'older' | 'never' | 'error';
  update?: boolean;
  /** False: `--no-clobber`. */
  clobber?: boolean;
  delete?: 'everything' | 'placed';
  keep?: string[];
  manifest?: string;
  exclude?: string[];
  flatten?: boolean;
  ignoreMissingArgs?: boolean;
  keepGoing?: boolean;
  /** False: links are kept. */
  dereference?: boolean;
  preserve?: string;
  p?: boolean;
  archive?: boolean;
  atomic?: boolean;
  fsync?: 'file' | 'full';
  bypassCache?: boolean;
  cloneDirectories?: boolean;
  parents?: boolean;
  targetDirectory?: string;
  sparse?: string;
  jobs?: number;
  directory?: string;
}

const OVERWRITE = { always: true, changed: 'changed', older: 'older', never: false, error: 'error' } as const;
const OF_P: readonly Attribute[] = ['mode', 'ownership', 'timestamps'];

/** Options of cp(1) that this command does not have, by flag, with the reason. */
const REFUSED: Record<string, string> = {
  link: 'a hard link is not a copy: a change to one file changes both; clones (--reflink=always) take as little space',
  symbolicLink: 'a symbolic link is not a copy; use ln -s',
  interactive: 'it never asks; choose with --overwrite what happens to files that exist, and try it with -n',
  backup: 'it keeps no old versions; with --overwrite=error it fails before it replaces one',
  oneFileSystem: 'it does not stop at other filesystems; leave them out with --exclude',
  attributesOnly: 'it copies attributes only together with contents',
  d: 'use -P --preserve=links',
  H: 'it follows all links (-L) or keeps all (-P); a directory is copied as its contents, also if it is given as a link',
  suffix: 'it keeps no old versions; with --overwrite=error it fails before it replaces one',
  context: 'it sets no security context; --preserve=xattr copies that of the source',
  copyContents: 'it does not read FIFOs and devices; --preserve=devices copies them as what they are',
  keepDirectorySymlink:
    'a directory of the destination that is a symbolic link is not followed; copy into what it leads to',
  removeDestination: 'a file that exists is replaced by a new one anyway; leave the option out',
  stripTrailingSlashes: 'a slash at the end of a source changes nothing; leave the option out',
  noTargetDirectory:
    'a directory is copied as its contents anyway, so leave the option out; a file goes into <to> if that is a directory',
  noPreserve: 'name what is preserved with --preserve=list; --preserve=none preserves nothing',
};

/** @throws {UsageError} for a flag of cp(1) that this command does not have, with the reason */
export function refuseFlags(flags: CopyFlags): void {
  const given = flags as Record<string, unknown>;
  const name = Object.keys(REFUSED).find((each) => given[each] !== undefined);
  if (name) throw new UsageError(`cannot do '${dashed(name)}': ${REFUSED[name]}`);
  const { sparse = 'auto' } = flags;
  if (sparse !== 'auto')
    throw new UsageError(
      `cannot do '--sparse=${sparse}': holes of the source stay holes (auto); no other holes are made, and none are filled`,
    );
}

function dashed(name: string): string {
  return name.length === 1
    ? `-${name}`
    : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Converts flags to the engine's options. A flag that was not given keeps the engine's default. */
export function toCopyOptions(flags: CopyFlags): CopyOptions {
  const preserve = attributes(flags);
  const keepsLinks = flags.dereference === false || (flags.archive && flags.dereference !== true);
  return {
    ...(flags.reflink && { reflink: flags.reflink }),
    ...(flags.overwrite && { overwrite: OVERWRITE[flags.overwrite] }),
    ...(flags.update && { overwrite: 'older' }),
    ...(flags.clobber === false && { overwrite: false }),
    ...(flags.delete && { prune: flags.delete }),
    ...(flags.keep && { keep: flags.keep }),
    ...(flags.manifest !== undefined && { manifest: flags.manifest }),
    ...(flags.keepGoing && { onError: 'collect' }),
    ...(flags.ignoreMissingArgs && { allowMissing: true }),
    ...(keepsLinks && { symlinks: 'keep' }),
    ...(preserve && { preserve }),
    ...(flags.atomic && { atomic: true }),
    ...(flags.fsync && { durability: flags.fsync }),
    ...(flags.bypassCache && { pageCache: 'bypass' }),
    ...(flags.cloneDirectories && { cloneDirectories: true }),
    ...(flags.jobs !== undefined && { concurrency: flags.jobs }),
    ...(flags.directory !== undefined && { cwd: flags.directory }),
  };
}

function attributes({ preserve, p, archive }: CopyFlags): readonly Attribute[] | undefined {
  if (preserve === undefined) return archive ? ATTRIBUTES : p ? OF_P : undefined;
  if (preserve === 'all') return ATTRIBUTES;
  if (preserve === 'none') return [];
  const names = preserve.split(',');
  const unknown = names.find((name) => !(ATTRIBUTES as readonly string[]).includes(name));
  if (unknown === undefined) return names as Attribute[];
  const known = [...ATTRIBUTES, 'all', 'none'].join(', ');
  throw new UsageError(`option '--preserve' does not know '${unknown}'; it knows ${known}`);
}
