import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

const style = (format: Format, text: string): string =>
  process.stdout.isTTY ? styleText(format, text) : text;

export function heading(title: string, explanation: string): void {
  console.log(`\n${style('bold', title)}\n${style('dim', explanation)}\n`);
}

/** Rows in columns: the first to the left, the others to the right or, in lists of facts, to the left too. */
export function table(rows: string[][], align: 'left' | 'right'): void {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 || align === 'left' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]! + 1),
    );
    console.log(`  ${cells.join('  ').trimEnd()}`);
  }
}

export function conclusion(text: string): void {
  console.log(`\n  ${style('green', text)}`);
}

export const count = (number: number): string => number.toLocaleString('en-US');
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
export const milliseconds = (duration: number): string => `${count(Math.round(duration))} ms`;
