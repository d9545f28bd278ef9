import { SingleBar } from 'cli-progress';
import { bytes, number } from '../format.ts';
import { complain } from '../output.ts';
import type { Total } from '../total.ts';
import type { Tracker } from './tracker.ts';

const NARROW = 60;
const BAR = { least: 6, most: 30 };

/** One line on standard error that is drawn again for each update and cleared in the end. */
export function barView(tracker: Tracker, total: () => Total | undefined) {
  const width = () => Math.max(20, (process.stderr.columns ?? 80) - 1);
  const bar = new SingleBar({
    stream: process.stderr,
    format: () => line(tracker, total(), width()),
    clearOnComplete: true,
    hideCursor: true,
    forceRedraw: true,
    barsize: BAR.most,
  });
  bar.start(1, 0);
  return { update: () => bar.update(0), close: () => bar.stop() };
}

/** Prints a line for each update, for standard error that is not a terminal. */
export function lineView(tracker: Tracker, total: () => Total | undefined) {
  const update = () => complain(facts(tracker, total()).join('  '));
  update();
  return { update, close: () => {} };
}

function line(tracker: Tracker, total: Total | undefined, width: number): string {
  const said = facts(tracker, total);
  let text = said.join('  ');
  while (text.length > width && said.length > 1) {
    said.pop();
    text = said.join('  ');
  }
  const room = width - text.length - 2;
  if (!total || room < BAR.least || width < NARROW) return text.slice(0, width);
  const size = Math.min(room, BAR.most);
  const done = Math.round(share(tracker, total) * size);
  return `${'█'.repeat(done)}${'░'.repeat(size - done)}  ${text}`;
}

/** The facts of a line, the most important first: those at the end are left out if they do not fit. */
export function facts(tracker: Tracker, total: Total | undefined): string[] {
  const of = (done: string, all: string | undefined) => (all === undefined ? done : `${done}/${all}`);
  const method = tracker.method ? [tracker.method] : [];
  return [
    ...(total ? [`${Math.floor(share(tracker, total) * 100)}%`.padStart(4)] : []),
    `${of(number(tracker.files), total && number(total.files))} files`,
    of(bytes(tracker.bytes), total && bytes(total.bytes)),
    `${bytes(tracker.rate())}/s`,
    ...method,
  ];
}

/**
 * The part of the copy that is done, from 0 to 1, by bytes. A file that was skipped counts as one of average size.
 */
export function share({ files, copied, bytes: done }: Tracker, total: Total): number {
  if (total.files === 0) return 1;
  if (total.bytes === 0) return Math.min(1, files / total.files);
  const skipped = (files - copied) * (total.bytes / total.files);
  return Math.min(1, (done + skipped) / total.bytes);
}
