import { expect, test } from 'vitest';
import { chooseSchedule, MANY_FILES, type Schedule, type ScheduleFacts } from './schedule.ts';

const BEGINNING: ScheduleFacts = {
  concurrency: 4,
  heldWorkers: 0,
  hasFunctions: false,
  dryRun: false,
  clonesDirectory: false,
  waitingFiles: 0,
  isSlow: false,
};
const many = { waitingFiles: MANY_FILES, filesystem: 'ext4' };

test.each<[string, Partial<ScheduleFacts>, Schedule]>([
  ['a copy of which nothing is known yet', {}, { planner: 'caller', workers: 0 }],
  ['few small files', { waitingFiles: MANY_FILES - 1 }, { planner: 'caller', workers: 0 }],
  ['many small files: the calling thread copies too', many, { planner: 'caller', workers: 3 }],
  ['many small files, one thread at most', { ...many, concurrency: 1 }, { planner: 'caller', workers: 0 }],
  ['many small files on btrfs', { ...many, filesystem: 'btrfs' }, { planner: 'caller', workers: 0 }],
  ['a large file', { waitingFiles: 1, isSlow: true }, { planner: 'caller', workers: 4 }],
  ['a large file on btrfs', { isSlow: true, filesystem: 'btrfs' }, { planner: 'caller', workers: 4 }],
  ['a large file, one thread at most', { isSlow: true, concurrency: 1 }, { planner: 'caller', workers: 1 }],
  [
    'a dry run, whatever is ready',
    { ...many, dryRun: true, heldWorkers: 2 },
    { planner: 'caller', workers: 0 },
  ],
  ['a directory that is cloned whole', { clonesDirectory: true }, { planner: 'worker', workers: 1 }],
  [
    'a directory that is cloned whole, and functions of the user',
    { clonesDirectory: true, hasFunctions: true },
    { planner: 'caller', workers: 0 },
  ],
  ['a worker that stands ready', { heldWorkers: 1 }, { planner: 'worker', workers: 1 }],
  ['more workers than the copy may use', { heldWorkers: 8 }, { planner: 'worker', workers: 4 }],
  [
    'a worker that stands ready, and many files',
    { ...many, heldWorkers: 1 },
    { planner: 'worker', workers: 4 },
  ],
  ['a worker that is at a large file', { heldWorkers: 1, isSlow: true }, { planner: 'worker', workers: 4 }],
  [
    'a worker that stands ready, and functions of the user',
    { heldWorkers: 1, hasFunctions: true },
    { planner: 'caller', workers: 0 },
  ],
])('%s', (_title, facts, expected) => {
  expect(chooseSchedule({ ...BEGINNING, ...facts })).toEqual(expected);
});
