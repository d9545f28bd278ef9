import path from 'node:path';
import { type CopyOptions, type PlannedFile, resolveCopyOptions } from './options.ts';
import { scanTargets } from './scan/targets.ts';
import type { Target } from './target.ts';

/** A file as a copy would place it. */
export interface ListedFile extends PlannedFile {
  /** It would be placed as a symbolic link. */
  link: boolean;
}

/** What {@link listFiles} finds. */
export interface FileList {
  /** In the targets' order: of several with one destination the last wins. */
  files: ListedFile[];
  /** Targets that match nothing, where `allowMissing` allows that. */
  warnings: string[];
}

/**
 * Finds every file that {@link copy} would place, without looking at the destination. For servers that answer
 * with the sources. Synchronous.
 *
 * @throws {TypeError} for an unknown option, or one of the wrong type
 * @throws {CopyError} for a target that cannot be copied
 */
export function listFiles(targets: Target | readonly Target[], options: CopyOptions = {}): FileList {
  const { targets: resolved, transfer, allowMissing } = resolveCopyOptions(targets, options);
  const { symlinks } = transfer;
  const list: FileList = { files: [], warnings: [] };
  const warn = (message: string) => void list.warnings.push(message);
  for (const folder of scanTargets({ targets: resolved, symlinks, allowMissing }, warn)) {
    const target = resolved.indexOf(folder.target);
    const to = path.join(folder.root, folder.below);
    for (const { name, as, link } of folder.files) {
      list.files.push({
        source: path.join(folder.source, name),
        destination: path.join(to, as),
        target,
        link: link && symlinks === 'keep',
      });
    }
  }
  return list;
}
