import os from 'node:os';
import path from 'node:path';
import { checkOptions } from './check-options.ts';
import type { TransferSettings } from './model/settings.ts';
import type { CopyFileOptions, CopyOptions, ResolvedCopyOptions } from './options.ts';
import { splitFrom, toPath } from './path-or-url.ts';
import { check, fileSchema, isPath, MAX_WORKERS, show } from './schema.ts';
import { absolutePath, resolveTarget, type Target } from './target.ts';

export function defaultConcurrency(): number {
  return Math.min(os.availableParallelism(), MAX_WORKERS);
}

function transferSettings(options: CopyFileOptions): TransferSettings {
  return {
    reflink: options.reflink ?? 'auto',
    overwrite: options.overwrite ?? true,
    atomic: options.atomic ?? false,
    preserve: options.preserve ?? ['mode', 'timestamps'],
    preserveDirectories: options.preserve !== undefined,
    symlinks: options.symlinks ?? 'follow',
    pageCache: options.pageCache ?? 'use',
    durability: options.durability ?? 'none',
  };
}

/**
 * Checks the arguments of a single-file copy and fills in the defaults. It becomes a copy of one target with a new
 * name.
 */
export function resolveFileOptions(
  source: unknown,
  destination: unknown,
  options: CopyFileOptions,
): { from: string; to: string; resolved: ResolvedCopyOptions } {
  const checked = check('option', options, fileSchema);
  const [from, to] = resolvePaths(source, destination);
  const target = { from, to: path.dirname(to), rename: path.basename(to), allowOutside: true };
  const resolved = resolveCopyOptions(target, { ...checked, cwd: target.to, entries: true, concurrency: 1 });
  Object.assign(resolved.plan.targets[0]!, { exact: true, given: toPath(source as string | URL) });
  return { from, to, resolved };
}

/** Checks two arguments that must be paths, and makes them absolute. */
export function resolvePaths(source: unknown, destination: unknown): [from: string, to: string] {
  const paths = { source: pathOf('source', source), destination: pathOf('destination', destination) };
  return [absolutePath(paths.source, paths), absolutePath(paths.destination, paths)];
}

function pathOf(name: string, value: unknown): string {
  if (!isPath(value)) throw new TypeError(`fs-reflink: ${name} must be a path, got ${show(value)}`);
  return toPath(value as string | URL);
}

/** Checks the targets and options of a copy and fills in the defaults. */
export function resolveCopyOptions(
  given: Target | readonly Target[],
  givenOptions: CopyOptions,
): ResolvedCopyOptions {
  const { targets, options } = checkOptions(given, givenOptions);
  const [first] = targets;
  const cwd = absolutePath(toPath(options.cwd ?? '.'), {
    source: first && splitFrom(first.from).sources[0],
    destination: first?.to === undefined ? undefined : toPath(first.to),
  });
  const prune = options.prune === true ? 'placed' : (options.prune ?? false);
  if (prune === 'placed' && options.manifest === undefined) {
    throw new TypeError('fs-reflink: option "prune" needs "manifest", which tells what was copied before');
  }
  const allowedRoots = options.allowedRoots?.map((root) => path.resolve(cwd, toPath(root)));
  const resolved = targets.map((target) => resolveTarget(target, cwd, allowedRoots));
  const manifest = options.manifest === undefined ? undefined : path.resolve(cwd, toPath(options.manifest));
  return {
    job: {
      transfer: transferSettings(options),
      dryRun: false,
      entries: options.entries === true,
      prunedEntries: options.entries === 'pruned',
      progress: options.onProgress !== undefined,
      collectsErrors: options.onError === 'collect',
      recorded: manifest !== undefined,
    },
    plan: {
      targets: resolved,
      cwd,
      manifest,
      prune,
      keep: options.keep ?? [],
      emptiedAt: options.emptiedAt,
      pruneRoots:
        options.pruneRoots?.map((root) => path.resolve(cwd, root)) ??
        resolved.filter(({ namesFile }) => !namesFile).map(({ to }) => to),
      leave: options.leave?.map((each) => path.resolve(cwd, each)) ?? [],
      allowMissing: options.allowMissing ?? false,
      cloneDirectories: options.cloneDirectories ?? false,
      overlaps: options.overlaps ?? false,
    },
    concurrency: options.concurrency ?? defaultConcurrency(),
    onProgress: options.onProgress,
    onPlanned: options.onPlanned,
    signal: options.signal,
  };
}
