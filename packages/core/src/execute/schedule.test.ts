import { expect, test } from 'vitest';
import {
  chooseSchedule,
  FILES_PER_WORKER,
  MANY_BYTES,
  MANY_FILES,
  type Schedule,
  type ScheduleFacts,
} from './schedule.ts';

const BEGINNING: ScheduleFacts = {
  concurrency: 4,
  heldWorkers: 0,
  staysHere: false,
  plansHere: false,
  clonesDirectory: false,
  waitingFiles: 0,
  isSlow: false,
  hasLarge: false,
  bytesLeft: 0,
};
const many = { waitingFiles: MANY_FILES, plannedFiles: 10 * FILES_PER_WORKER, filesystem: 'ext4' };

test.each<[string, Partial<ScheduleFacts>, Schedule]>([
  ['a copy of which nothing is known yet', {}, { planner: 'caller', workers: 0 }],
  ['few small files', { waitingFiles: MANY_FILES - 1 }, { planner: 'caller', workers: 0 }],
  ['many small files: the calling thread copies too', many, { planner: 'caller', workers: 3 }],
  ['a few thousand small files', { ...many, plannedFiles: MANY_FILES }, { planner: 'caller', workers: 1 }],
  [
    'small files for one worker',
    { ...many, plannedFiles: FILES_PER_WORKER },
    { planner: 'caller', workers: 1 },
  ],
  [
    'more small files than one worker should copy',
    { ...many, plannedFiles: FILES_PER_WORKER + 1 },
    { planner: 'caller', workers: 2 },
  ],
  ['many small files, one thread at most', { ...many, concurrency: 1 }, { planner: 'caller', workers: 0 }],
  ['many small files on btrfs', { ...many, filesystem: 'btrfs' }, { planner: 'caller', workers: 0 }],
  ['files that the disk is waited for', { isSlow: true }, { planner: 'caller', workers: 4 }],
  ['such files on btrfs', { isSlow: true, filesystem: 'btrfs' }, { planner: 'caller', workers: 4 }],
  ['such files, one thread at most', { isSlow: true, concurrency: 1 }, { planner: 'caller', workers: 1 }],
  [
    'a large file: the calling thread copies the others',
    { hasLarge: true },
    { planner: 'caller', workers: 3 },
  ],
  [
    'large files, when the calling thread has copied the others',
    { hasLarge: true, bytesLeft: MANY_BYTES },
    { planner: 'caller', workers: 4 },
  ],
  [
    'large files of few bytes, when the calling thread has copied the others',
    { hasLarge: true, bytesLeft: MANY_BYTES - 1 },
    { planner: 'caller', workers: 3 },
  ],
  ['a large file, one thread at most', { hasLarge: true, concurrency: 1 }, { planner: 'caller', workers: 1 }],
  [
    'a dry run, or a copy that only the calling thread can make, whatever is ready',
    { ...many, staysHere: true, heldWorkers: 2 },
    { planner: 'caller', workers: 0 },
  ],
  [
    'a copy that the calling thread has to plan, whatever is ready',
    { plansHere: true, heldWorkers: 2, clonesDirectory: true },
    { planner: 'caller', workers: 0 },
  ],
  [
    'many small files, and the calling thread has to plan',
    { ...many, plansHere: true, heldWorkers: 2 },
    { planner: 'caller', workers: 3 },
  ],
  [
    'a large file, and the calling thread has to plan',
    { hasLarge: true, plansHere: true },
    { planner: 'caller', workers: 3 },
  ],
  ['a directory that is cloned whole', { clonesDirectory: true }, { planner: 'worker', workers: 1 }],
  ['a worker that stands ready', { heldWorkers: 1 }, { planner: 'worker', workers: 1 }],
  ['more workers than the copy may use', { heldWorkers: 8 }, { planner: 'worker', workers: 4 }],
  [
    'a worker that stands ready, and many files',
    { ...many, heldWorkers: 1 },
    { planner: 'worker', workers: 4 },
  ],
  ['a worker that is at a large file', { heldWorkers: 1, hasLarge: true }, { planner: 'worker', workers: 4 }],
])('%s', (_title, facts, expected) => {
  expect(chooseSchedule({ ...BEGINNING, ...facts })).toEqual(expected);
});
