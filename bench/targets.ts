import { median } from 'simple-statistics';
import type { Unit } from './contenders/contender.ts';
import type { Series } from './harness.ts';

/** What a figure is to reach, stated on the labels of two series. */
export interface Target {
  subject: string;
  against?: string;
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

export function judge(targets: Target[], series: Series[]): Verdict[] {
  const medianOf = (label: string) => {
    const found = series.find((candidate) => candidate.label === label);
    if (!found) throw new Error(`no figure is called ${label}`);
    return found;
  };
  return targets.map(({ subject, against = '', wanted, ...rule }) => {
    const { values, unit } = medianOf(subject);
    const own = median(values);
    const other = against ? median(medianOf(against).values) : 0;
    return {
      subject,
      against,
      wanted,
      measured: rule.measured(own, other, unit),
      reached: rule.reached(own, other),
    };
  });
}

const digits = (value: number) => (value < 10 ? 2 : value < 100 ? 1 : 0);
export const ratio = (value: number) => `${value.toFixed(digits(value))}x`;
export const amount = (value: number, unit: Unit) => `${value.toFixed(digits(Math.abs(value)))} ${unit}`;
