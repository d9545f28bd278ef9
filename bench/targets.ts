import { median } from 'simple-statistics';
import type { Unit } from './contenders/contender.ts';
import type { Series } from './harness.ts';
import type { NodeMajor } from './nodes.ts';
import type { BenchKind } from './stage.ts';

/** What a figure is to reach, stated on the labels of two series. */
export interface Target {
  subject: string;
  against?: string;
  /** What both are added to: their difference to it in each round is what counts. */
  base?: string;
  wanted: string;
  /** The column that it has in a table with a line per row. */
  figure?: string;
  measured(subject: number, against: number, unit: Unit): string;
  reached(subject: number, against: number): boolean;
}

export interface Verdict {
  subject: string;
  against: string;
  measured: string;
  wanted: string;
  figure?: string;
  reached: boolean;
}

export const faster = (subject: string, against: string, times: number): Target => ({
  subject,
  against,
  wanted: `${times}x faster`,
  measured: (own, other) => `${ratio(other / own)} faster`,
  reached: (own, other) => other / own >= times,
});

export const within = (subject: string, against: string, times: number): Target => ({
  subject,
  against,
  wanted: `within ${times}x`,
  measured: (own, other) => ratio(own / other),
  reached: (own, other) => own / other <= times,
});

export const atMostMore = (subject: string, against: string, limit: number, unit: Unit): Target => ({
  subject,
  against,
  wanted: `+ ${limit} ${unit} at most`,
  measured: (own, other) => `${own < other ? '-' : '+'} ${amount(Math.abs(own - other), unit)}`,
  reached: (own, other) => own - other <= limit,
});

/** Without a target: how much more it takes is only shown. */
export const more = (subject: string, against: string, unit: Unit): Target => ({
  ...atMostMore(subject, against, Number.POSITIVE_INFINITY, unit),
  wanted: '',
});

export const atMost = (subject: string, limit: number, unit: Unit): Target => ({
  subject,
  wanted: `${limit} ${unit} at most`,
  measured: (own) => amount(own, unit),
  reached: (own) => own <= limit,
});

/** A difference below this is noise. */
const LEAST_MS = 1;

/** Whether the build without a copy was so much slower that nothing can be compared with it. */
const isDisturbed = (own: number, other: number) => own < -Math.max(LEAST_MS, other / 10);

/** What `subject` adds to `base` is so many times less than what `against` adds. */
export const addedLess = (subject: string, against: string, base: string, times: number): Target => ({
  subject,
  against,
  base,
  wanted: `adds ${times}x less`,
  measured: (own, other, unit) =>
    `${amount(own, unit)} to ${amount(other, unit)}, ${isDisturbed(own, other) ? 'not comparable' : `${ratio(other / Math.max(own, LEAST_MS))} less`}`,
  reached: (own, other) => !isDisturbed(own, other) && other / Math.max(own, LEAST_MS) >= times,
});

/** What `subject` adds to `base` is at most so many times what `against` adds. */
export const addedWithin = (subject: string, against: string, base: string, times: number): Target => ({
  ...addedLess(subject, against, base, 1 / times),
  wanted: `adds ${times}x at most (${(1 / times).toFixed(2)}x less)`,
});

export function judge(targets: Target[], series: Series[]): Verdict[] {
  const seriesOf = (label: string) => {
    const found = series.find((candidate) => candidate.label === label);
    if (!found) throw new Error(`no figure is called ${label}`);
    return found;
  };
  return targets.map(({ subject, against = '', base, wanted, figure, ...rule }) => {
    const over = base === undefined ? undefined : seriesOf(base).values;
    const middleOf = (label: string) => {
      const { values } = seriesOf(label);
      if (!over) return median(values);
      // Who takes part in fewer rounds has no partner in each.
      const partner = (round: number) => (values.length === over.length ? over[round]! : median(over));
      return median(values.map((value, round) => value - partner(round)));
    };
    const own = middleOf(subject);
    const other = against ? middleOf(against) : 0;
    return {
      subject,
      against,
      wanted,
      ...(figure && { figure }),
      measured: rule.measured(own, other, seriesOf(subject).unit),
      reached: rule.reached(own, other),
    };
  });
}

/** The name of what everything is compared with: the loop of copyFileSync that Vite copies with. */
export const LOOP = "Vite's copy";

/** What a copy is to take at most, in a fresh process that imports the engine. */
export interface EngineTarget {
  /** Times the wall time of Vite's loop, and times its processor time. */
  wall?: number;
  cpu?: number;
  /** Wall time in all. */
  ms?: number;
  /** Peak memory more than the process of the loop, in MB. */
  memory?: number;
  /** Times the wall time of the program cp, from its spawn to its exit. */
  cp?: number;
  /** Times the wall time of `fs.cpSync`, as Node.js 24 has it. */
  cpSync?: number;
  /** Times the wall time of the C program. */
  floor?: number;
  /** Times the wall time of Vite's loop, without a manifest. */
  changed?: number;
}

type On = Partial<Record<BenchKind, EngineTarget>>;
const everywhere = (target: EngineTarget): On => ({
  btrfs: target,
  xfs: target,
  ext4: target,
  tmpfs: target,
});

export const engineTargets: Record<string, On> = {
  'fresh small': {
    btrfs: { wall: 0.85, cpu: 0.85, cp: 1.25, memory: 20, cpSync: 0.75 },
    xfs: { wall: 0.75, cpu: 0.85, cp: 1.25, memory: 20, cpSync: 0.9 },
    ext4: { wall: 0.7, cpu: 0.9, cp: 1.25, memory: 20, cpSync: 1 },
    tmpfs: { wall: 0.8, cpu: 0.9, cp: 1.25, memory: 20 },
  },
  'fresh assets': {
    btrfs: { wall: 0.85, cpu: 0.9, memory: 20 },
    xfs: { wall: 0.85, cpu: 0.9, memory: 20 },
    ext4: { wall: 0.6, cpu: 0.9, memory: 20 },
    tmpfs: { memory: 20 },
  },
  'fresh large': everywhere({ ms: 20, cpu: 1.2, memory: 20 }),
  'fresh 20 files': everywhere({ ms: 20, cpu: 1.2, memory: 20 }),
  'fresh second': {
    btrfs: { wall: 0.2, cpu: 0.3, changed: 0.3, memory: 20 },
    xfs: { wall: 0.2, cpu: 0.3, changed: 0.3, memory: 20 },
    ext4: { wall: 0.1, cpu: 0.3, changed: 0.3, memory: 20 },
    tmpfs: { cpu: 0.3, changed: 0.3, memory: 20 },
  },
  'fresh many': everywhere({ wall: 0.6, cpu: 0.8, memory: 60 }),
  'fresh third': everywhere({ floor: 1.15 }),
};

/** The same as rules on series. */
export function engineRules(target: EngineTarget, node: NodeMajor, cp: string): Target[] {
  const { wall, cpu, ms, memory, changed } = target;
  const named = (figure: string, limit: number | undefined, rule: (limit: number) => Target): Target[] =>
    limit === undefined ? [] : [{ ...rule(limit), figure }];
  return [
    ...named('wall', wall, (limit) => within('ours', LOOP, limit)),
    ...named('wall, in all', ms, (limit) => atMost('ours', limit, 'ms')),
    ...named('CPU', cpu, (limit) => within('ours: CPU', `${LOOP}: CPU`, limit)),
    ...named('memory', memory, (limit) =>
      atMostMore('ours: peak memory', `${LOOP}: peak memory`, limit, 'MB'),
    ),
    ...named("overwrite: 'changed'", changed, (limit) => within("ours, overwrite: 'changed'", LOOP, limit)),
    ...named('to cp', target.cp, (limit) => within('ours', cp, limit)),
    ...named('to fs.cpSync', node === 24 ? target.cpSync : undefined, (limit) =>
      within('ours', 'fs.cpSync', limit),
    ),
    ...named('to the C program', target.floor, (limit) => within('ours', 'C, same system calls', limit)),
  ];
}

const digits = (value: number) => (value < 10 ? 2 : value < 100 ? 1 : 0);
export const ratio = (value: number) => `${value.toFixed(digits(value))}x`;
export const amount = (value: number, unit: Unit) =>
  `${value.toFixed(unit === 'files' ? 0 : digits(Math.abs(value)))} ${unit}`;
