import fs from 'node:fs';
import path from 'node:path';
import { systemError } from '../errors.ts';
import type { FileResult } from '../model/batch.ts';
import type { JobSettings, PlanSettings } from '../model/job.ts';
import type { Method, TransferSettings } from '../model/settings.ts';
import { EEXIST } from '../platform/errno.ts';
import type { DirectoryClone } from '../platform/system.ts';
import { lstatIfThere } from '../scan/entries.ts';
import { refuseNested } from '../scan/nested.ts';
import { walk } from '../scan/walk.ts';
import type { ResolvedTarget } from '../target.ts';
import { withPreserve } from '../transfer/metadata.ts';
import { DestinationTree } from '../transfer/tree.ts';
import { countResult, reportResult } from './finished.ts';
import type { CopyContext } from './job.ts';

/**
 * Clones the directory of a copy with one call, if the result is the same as copying its files one by one. Returns
 * false if nothing was copied and the files must still be copied. Throws a CopyError if the disk is full or fails.
 */
export function cloneWhole(plan: PlanSettings, context: CopyContext): boolean {
  const { job, system } = context;
  const clone = system.cloneDirectory;
  const target = clone && plan.cloneDirectories ? wholeDirectory(plan, job) : undefined;
  if (!clone || !target || !isPlain(target, target.symlinks ?? job.transfer.symlinks)) return false;
  if (!runClone(clone, target, context)) return false;
  countCopied(target, clone.method, context);
  return true;
}

/**
 * The only target of a copy, if it is one whole directory and its options require nothing that a clone does not
 * preserve.
 */
function wholeDirectory(
  { targets, manifest }: PlanSettings,
  { transfer }: JobSettings,
): ResolvedTarget | undefined {
  const [target] = targets;
  if (!target || targets.length > 1 || manifest !== undefined) return;
  if (!isLikeClone(withPreserve(transfer, target.preserve))) return;
  const { exact, others, ignore, base, flatten, rename, filter, directoryFilter, transform } = target;
  const differs =
    exact || others || ignore.length > 0 || base !== undefined || flatten || rename !== undefined;
  return differs || filter || directoryFilter || transform ? undefined : target;
}

function isLikeClone({ reflink, durability, preserve }: TransferSettings): boolean {
  const has = new Set(preserve);
  const asked = has.has('ownership') || has.has('devices') || has.has('special') || has.has('acl');
  return reflink !== 'never' && durability === 'none' && has.has('mode') && has.has('timestamps') && !asked;
}

/** Whether the source is a plain tree and the destination does not exist. If not, the scan reports the errors. */
function isPlain({ from, to }: ResolvedTarget, symlinks: 'follow' | 'keep'): boolean {
  try {
    if (!fs.statSync(from).isDirectory() || lstatIfThere(to)) return false;
    refuseNested(from, to);
    for (const { links } of walk(from, false)) {
      // A clone contains links as links.
      if (symlinks === 'follow' && links) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function runClone(
  clone: DirectoryClone,
  target: ResolvedTarget,
  { system, job, tally }: CopyContext,
): boolean {
  const { to } = target;
  const from = fs.realpathSync.native(target.from);
  const source = system.openDirectory(path.dirname(from));
  if (typeof source === 'number') return false;
  const tree = new DestinationTree(system, withPreserve(job.transfer, target.preserve), tally);
  try {
    const { directory } = tree.open(path.dirname(to), '', target.from);
    const result = clone.run(source, path.basename(from), directory, path.basename(to));
    if (result >= 0) return true;
    if (clone.classify(-result) !== 'fatal' || result === -EEXIST) return false;
    const { method, syscall } = clone;
    throw systemError(-result, { source: target.from, destination: to, method, syscall });
  } finally {
    tree.close();
    system.closeDirectory(source);
  }
}

/** Counts the entries at the destination, because the source may have changed since it was checked. */
function countCopied({ from, to }: ResolvedTarget, method: Method, context: CopyContext): void {
  const { tally } = context;
  for (const directory of walk(to, false)) {
    const { relative, names } = directory;
    const links = new Set(directory.links);
    tally.directories++;
    for (const [file, name] of names.entries()) {
      const link = links.has(file);
      const source = path.join(from, relative, name);
      const destination = path.join(to, relative, name);
      const result: FileResult = link
        ? { action: 'linked', bytes: 0 }
        : { action: 'copied', method, bytes: fs.lstatSync(destination).size };
      countResult(tally, result);
      reportResult(result, () => ({ source, destination }), context);
    }
  }
}
