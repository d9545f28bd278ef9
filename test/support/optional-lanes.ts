import { describe } from 'vitest';
import { orSkipped } from './skip.ts';

/** Lanes that the plain test command skips: each takes long, needs root, or downloads something. */
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

/** @throws if `REFLINK_LANES` names a lane that does not exist, which would otherwise run nothing and pass */
export function checkLaneNames(): void {
  const known: readonly string[] = ['all', ...optionalLanes];
  const unknown = askedFor().filter((lane) => !known.includes(lane));
  if (unknown.length > 0)
    throw new Error(`REFLINK_LANES names ${unknown.join(', ')}; known are ${known.join(', ')}`);
}

/** Whether a lane was requested. */
export function isNamed(lane: OptionalLane): boolean {
  const required = process.env[requirement(lane)] === '1';
  return required || askedFor().some((name) => name === 'all' || name === lane);
}

/**
 * Why a lane is skipped: it was not requested, or `obstacle` returns a reason. Undefined if it has to run.
 * `REFLINK_LANES` lists the names of the requested lanes, or is `all`. With `REFLINK_REQUIRE_<LANE>=1` a lane runs
 * even if it was not requested, and an obstacle is thrown, so that nothing is skipped unnoticed.
 */
export function reasonToSkip(lane: OptionalLane, obstacle: () => string | undefined): string | undefined {
  if (!isNamed(lane)) return `REFLINK_LANES does not name ${lane}`;
  return unlessRequired(lane, obstacle());
}

/**
 * Describes the tests of a lane that has no obstacles. If the lane was not requested, they are skipped with the
 * reason.
 */
export function describeInLane(lane: OptionalLane, name: string, body: () => void): void {
  const reason = reasonToSkip(lane, () => undefined);
  if (reason === undefined) describe(name, body);
  else describe.skip(orSkipped(name, reason), body);
}

/** Returns the obstacle of a lane's tests. With `REFLINK_REQUIRE_<LANE>=1` throws it instead. */
export function unlessRequired(lane: OptionalLane, reason: string | undefined): string | undefined {
  const variable = requirement(lane);
  if (reason && process.env[variable] === '1')
    throw new Error(`${variable}=1, but the lane cannot run: ${reason}`);
  return reason;
}
