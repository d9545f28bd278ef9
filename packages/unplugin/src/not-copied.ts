import path from 'node:path';
import type { OutputTargets } from './targets.ts';

/** What a user has to know of targets that are copied nowhere. `root` is the directory that paths are relative to. */
export function notCopied(
  { publicTargets, targets }: OutputTargets,
  root: string,
  { reason, remedy }: { reason: string; remedy: string },
): string {
  const shown = (place: string) => JSON.stringify(path.relative(root, place) || '.');
  const names = [
    ...publicTargets.map(({ from }) => `the public directory ${shown(from)}`),
    ...targets.map(
      ({ from, to }) => `the target ${shown(from)}${to === undefined ? '' : ` (to ${JSON.stringify(to)})`}`,
    ),
  ];
  return `nothing is copied for ${names.join(', ')}, because ${reason}. ${remedy}`;
}
