import { expect, test } from 'vitest';
import {
  chooseWay,
  LARGE_FILE,
  MEDIUM_FILE,
  MOST_SLICED,
  SMALL_FILE,
  type Way,
  type WayFacts,
} from './way.ts';

/** A large file on ext4. */
const LARGE: WayFacts = {
  size: MEDIUM_FILE + 1,
  mayClone: false,
  isWritten: () => true,
  isAlone: true,
  maySlice: true,
  sliced: 0,
  bytesLeft: () => 0,
};
const unwritten = { mayClone: true, isWritten: () => false };

test.each<[string, Partial<WayFacts>, Way]>([
  ['a small file', { size: SMALL_FILE }, 'whole'],
  ['a small file that is not on the disk', { size: SMALL_FILE, ...unwritten }, 'whole'],
  ['a file of some megabytes', { size: MEDIUM_FILE }, 'whole'],
  ['one that may be cloned', { size: MEDIUM_FILE, mayClone: true }, 'whole'],
  ['one that is not on the disk', { size: MEDIUM_FILE, isWritten: () => false }, 'whole'],
  ['one that may be cloned, and is not on the disk', { size: MEDIUM_FILE, ...unwritten }, 'worker'],
  ['a large file', {}, 'slices'],
  ['a large file that another thread may take', { isAlone: false }, 'worker'],
  ['a large file where nothing pauses', { maySlice: false }, 'worker'],
  ['a very large file', { size: LARGE_FILE + 1 }, 'slices'],
  ['a file of too many bytes', { size: MOST_SLICED + 1 }, 'worker'],
  ['a very large file among others', { size: LARGE_FILE + 1, bytesLeft: () => MOST_SLICED }, 'worker'],
  ['a large file among others, of which nobody asks', { bytesLeft: () => MOST_SLICED }, 'slices'],
  ['a large file after many others', { sliced: MOST_SLICED - MEDIUM_FILE }, 'worker'],
  ['a large file that may be cloned', { mayClone: true }, { clone: true, otherwise: 'slices' }],
  [
    'a file of too many bytes that may be cloned',
    { size: MOST_SLICED + 1, mayClone: true },
    { clone: true, otherwise: 'worker' },
  ],
  ['a large file that may be cloned, and is not on the disk', unwritten, 'worker'],
])('%s', (_title, facts, expected) => {
  expect(chooseWay({ ...LARGE, ...facts })).toEqual(expected);
});
