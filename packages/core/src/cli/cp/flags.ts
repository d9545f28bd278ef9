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
  atomic?: boolean;
  fsync?: 'file' | 'full';
  bypassCache?: boolean;
  cloneDirectories?: boolean;
  parents?: boolean;
  targetDirectory?: string;
  jobs?: number;
  directory?: string;
}

const OVERWRITE = { always: true, changed: 'changed', older: 'older', never: false, error: 'error' } as const;

/** Converts flags to the engine's options. A flag that was not given keeps the engine's default. */
export function toCopyOptions(flags: CopyFlags): CopyOptions {
  const preserve = attributes(flags.preserve);
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
    ...(flags.dereference === false && { symlinks: 'keep' }),
    ...(preserve && { preserve }),
    ...(flags.atomic && { atomic: true }),
    ...(flags.fsync && { durability: flags.fsync }),
    ...(flags.bypassCache && { pageCache: 'bypass' }),
    ...(flags.cloneDirectories && { cloneDirectories: true }),
    ...(flags.jobs !== undefined && { concurrency: flags.jobs }),
    ...(flags.directory !== undefined && { cwd: flags.directory }),
  };
}

function attributes(preserve: string | undefined): readonly Attribute[] | undefined {
  if (preserve === undefined) return undefined;
  if (preserve === 'all') return ATTRIBUTES;
  if (preserve === 'none') return [];
  const names = preserve.split(',');
  const unknown = names.find((name) => !(ATTRIBUTES as readonly string[]).includes(name));
  if (unknown === undefined) return names as Attribute[];
  const known = [...ATTRIBUTES, 'all', 'none'].join(', ');
  throw new UsageError(`option '--preserve' does not know '${unknown}'; it knows ${known}`);
}
