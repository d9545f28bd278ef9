import { linearRegression, linearRegressionLine, median } from 'simple-statistics';
import type { Measurement } from '../results.ts';

/** How one contender's time grows: measured points, and the power of the amount that fits them best. */
export interface Growth {
  label: string;
  points: { amount: number; ms: number }[];
  /** 1: twice as much takes twice as long. */
  exponent: number;
  fit(amount: number): number;
}

/** A straight line through the logarithms of amount and time. */
export function growthOf(measurements: Measurement[]): Growth[] {
  const labels = [...new Set(measurements.flatMap(({ series }) => series.map(({ label }) => label)))];
  return labels
    .filter((label) => !label.includes(': '))
    .map((label) => {
      const points = measurements.flatMap(({ scale, series }) => {
        const found = series.find((candidate) => candidate.label === label);
        return scale && found ? [{ amount: scale.amount, ms: median(found.values) }] : [];
      });
      const line = linearRegression(points.map(({ amount, ms }) => [Math.log(amount), Math.log(ms)]));
      const at = linearRegressionLine(line);
      return { label, points, exponent: line.m, fit: (amount) => Math.exp(at(Math.log(amount))) };
    });
}
