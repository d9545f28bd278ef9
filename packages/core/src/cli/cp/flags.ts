import type { Attribute } from '../../model/settings.ts';
import type { CopyOptions } from '../../options.ts';
import { UsageError } from '../failure.ts';

/** Flags of `cp`, as the parser gives them. */
export interface CopyFlags {
  dryRun?: boolean;
  verbose?: boolean;
  quiet?: boolean;
  json?: boolean;
  reflink?: 'auto' | 'always' | 'never';
  overwrite?: 'always' | 'changed' | 'never' | 'error';
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
  jobs?: number;
  directory?: string;
}

const OVERWRITE = { always: true, changed: 'changed', never: false, error: 'error' } as const;
const ATTRIBUTES: readonly Attribute[] = [
  'mode',
  'timestamps',
  'ownership',
  'links',
  'special',
  'xattr',
  'acl',
];
const OF_P: readonly Attribute[] = ['mode', 'ownership', 'timestamps'];

/** The engine's options that flags stand for; what was not given keeps the engine's default. */
export function toCopyOptions(flags: CopyFlags): CopyOptions {
  const preserve = attributes(flags);
  const keepsLinks = flags.dereference === false || (flags.archive && flags.dereference !== true);
  return {
    ...(flags.reflink && { reflink: flags.reflink }),
    ...(flags.overwrite && { overwrite: OVERWRITE[flags.overwrite] }),
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
