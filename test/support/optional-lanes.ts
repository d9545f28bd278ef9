import { describe } from 'vitest';
import { orSkipped } from './skip.ts';

/** Lanes that the plain test command leaves out: each takes long, needs root, or fetches something. */
export const optionalLanes = [
  'filesystems',
  'fuse',
  'campaigns',
  'versions',
  'terminal',
  'browser',
  'frameworks',
  'macos',
  'windows',
  'headers',
  'runtimes',
  'bench',
  'arm64',
] as const;
export type OptionalLane = (typeof optionalLanes)[number];

const askedFor = (): string[] => (process.env.REFLINK_LANES ?? '').split(/[\s,]+/).filter(Boolean);

const requirement = (lane: OptionalLane) => `REFLINK_REQUIRE_${lane.toUpperCase()}`;

/** @throws when `REFLINK_LANES` names a lane that does not exist, which would otherwise run nothing and pass. */
export function checkLaneNames(): void {
  const known: readonly string[] = ['all', ...optionalLanes];
  const unknown = askedFor().filter((lane) => !known.includes(lane));
  if (unknown.length > 0)
    throw new Error(`REFLINK_LANES names ${unknown.join(', ')}; known are ${known.join(', ')}`);
}

/**
 * Why a lane is skipped, or undefined when it has to run: nobody asked for it, or `obstacle` finds something in its
 * way. `REFLINK_LANES` lists the lanes that are asked for by name, or is `all`. With `REFLINK_REQUIRE_<LANE>=1` a lane
 * runs without being asked for, and an obstacle is thrown, so that nothing is skipped unseen.
 */
export function reasonToSkip(lane: OptionalLane, obstacle: () => string | undefined): string | undefined {
  const required = process.env[requirement(lane)] === '1';
  const asked = required || askedFor().some((name) => name === 'all' || name === lane);
  if (!asked) return `REFLINK_LANES does not name ${lane}`;
  return unlessRequired(lane, obstacle());
}

/** Describes tests of a lane that nothing can be in the way of. Without the lane they are skipped, with the reason. */
export function describeInLane(lane: OptionalLane, name: string, body: () => void): void {
  const reason = reasonToSkip(lane, () => undefined);
  if (reason === undefined) describe(name, body);
  else describe.skip(orSkipped(name, reason), body);
}

/** Returns what is in the way of a lane's tests. With `REFLINK_REQUIRE_<LANE>=1` it is thrown instead. */
export function unlessRequired(lane: OptionalLane, reason: string | undefined): string | undefined {
  const variable = requirement(lane);
  if (reason && process.env[variable] === '1')
    throw new Error(`${variable}=1, but the lane cannot run: ${reason}`);
  return reason;
}
