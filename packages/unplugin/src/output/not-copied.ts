import path from 'node:path';
import type { Target } from 'fs-reflink';
import { type OutputTargets, sourcesOf } from '../targets/targets.ts';

/** A warning about targets that are copied nowhere. `root` is the directory that paths in it are relative to. */
export function notCopied(
  { publicTargets, targets }: OutputTargets,
  root: string,
  { reason, remedy }: { reason: string; remedy: string },
): string {
  const shown = (target: Target<string>) =>
    sourcesOf(target)
      .map((each) => JSON.stringify(path.relative(root, each) || '.'))
      .join(' and ');
  const names = [
    ...publicTargets.map((target) => `the public directory ${shown(target)}`),
    ...targets.map(
      (target) =>
        `the target ${shown(target)}${target.to === undefined ? '' : ` (to ${JSON.stringify(target.to)})`}`,
    ),
  ];
  return `nothing is copied for ${names.join(', ')}, because ${reason}. ${remedy}`;
}
