import { median } from 'simple-statistics';
import type { Unit } from './contenders/contender.ts';
import type { Series } from './harness.ts';

/** What a figure is to reach, stated on the labels of two series. */
export interface Target {
  subject: string;
  against?: string;
  /** What both are added to: their difference to it in each round is what counts. */
  base?: string;
  wanted: string;
  measured(subject: number, against: number, unit: Unit): string;
  reached(subject: number, against: number): boolean;
}

export interface Verdict {
  subject: string;
  against: string;
  measured: string;
  wanted: string;
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

export const atMost = (subject: string, limit: number, unit: Unit): Target => ({
  subject,
  wanted: `${limit} ${unit} at most`,
  measured: (own) => amount(own, unit),
  reached: (own) => own <= limit,
});

/** A difference below this is noise. */
const LEAST_MS = 1;

/** What `subject` adds to `base` is so many times less than what `against` adds. */
export const addedLess = (subject: string, against: string, base: string, times: number): Target => ({
  subject,
  against,
  base,
  wanted: `adds ${times}x less`,
  measured: (own, other, unit) =>
    `${amount(own, unit)} to ${amount(other, unit)}, ${ratio(other / Math.max(own, LEAST_MS))} less`,
  reached: (own, other) => other / Math.max(own, LEAST_MS) >= times,
});

/** What `subject` takes more than `against`, as a part of it. */
export const addedAtMost = (subject: string, against: string, part: number): Target => ({
  subject,
  against,
  wanted: `+ ${part * 100} % at most`,
  measured: (own, other) => `${own < other ? '-' : '+'} ${(Math.abs(own / other - 1) * 100).toFixed(1)} %`,
  reached: (own, other) => own / other - 1 <= part,
});

export function judge(targets: Target[], series: Series[]): Verdict[] {
  const seriesOf = (label: string) => {
    const found = series.find((candidate) => candidate.label === label);
    if (!found) throw new Error(`no figure is called ${label}`);
    return found;
  };
  return targets.map(({ subject, against = '', base, wanted, ...rule }) => {
    const over = base === undefined ? undefined : seriesOf(base).values;
    const middleOf = (label: string) => {
      const { values } = seriesOf(label);
      return median(over ? values.map((value, round) => value - over[round]!) : values);
    };
    const own = middleOf(subject);
    const other = against ? middleOf(against) : 0;
    return {
      subject,
      against,
      wanted,
      measured: rule.measured(own, other, seriesOf(subject).unit),
      reached: rule.reached(own, other),
    };
  });
}

const digits = (value: number) => (value < 10 ? 2 : value < 100 ? 1 : 0);
export const ratio = (value: number) => `${value.toFixed(digits(value))}x`;
export const amount = (value: number, unit: Unit) => `${value.toFixed(digits(Math.abs(value)))} ${unit}`;
