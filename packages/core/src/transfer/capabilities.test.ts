import { expect, test, vi } from 'vitest';
import { FileStatus } from '../platform/status.ts';
import type { ErrorClass, Strategy } from '../platform/system.ts';
import { Capabilities } from './capabilities.ts';

const strategy = (clones: boolean): Strategy => ({
  method: clones ? 'ficlone' : 'copy_file_range',
  syscall: 'a test',
  clones,
  creates: false,
  run: () => 0,
  classify: () => 'fatal',
});
const clone = strategy(true);
const copy = strategy(false);

const plain = () => false;
const layered = () => true;

const newPair = () => new Capabilities().pair(new FileStatus(), 1);

/** Whether cloning is given up after these results. */
function givesUp(answers: (ErrorClass | 'success' | 'copied')[], isLayered = plain): boolean {
  const pair = newPair();
  for (const answer of answers) {
    if (answer === 'success') pair.succeeded(clone);
    else if (answer === 'copied') pair.succeeded(copy);
    else pair.failed(clone, answer, isLayered);
  }
  return pair.refused;
}

test.each<[string, (ErrorClass | 'success' | 'copied')[], boolean]>([
  ['nothing was tried', [], false],
  ['the pair refused once', ['pair'], true],
  ['one file was refused', ['file'], false],
  ['two files were refused', ['file', 'file'], false],
  ['three files were refused', ['file', 'file', 'file'], true],
  ['three files were refused and copied in between', ['file', 'copied', 'file', 'copied', 'file'], true],
  ['files were refused after a clone', ['success', 'file', 'file', 'file', 'file'], false],
  ['the pair refused after a clone', ['success', 'pair'], false],
  ['a clone succeeded although the pair had refused', ['pair', 'success'], false],
])('when %s, cloning is given up: %j %o', (_title, answers, expected) => {
  expect(givesUp(answers)).toBe(expected);
});

test('a layered filesystem is never given up, and is asked only once what it is', () => {
  const isLayered = vi.fn(layered);
  expect(givesUp(['pair', 'pair', 'file', 'file', 'file', 'file'], isLayered)).toBe(false);
  expect(isLayered).toHaveBeenCalledTimes(1);
});

test('a refusal of anything but a clone says nothing about cloning', () => {
  const pair = newPair();
  for (let time = 0; time < 5; time++) pair.failed(copy, 'pair', plain);
  expect(pair.refused).toBe(false);
});

test('pairs of devices are told apart in both directions', () => {
  const capabilities = new Capabilities();
  const on = (device: number) => {
    const status = new FileStatus();
    status.fill({ ...empty, dev: BigInt(device) });
    return status;
  };
  const pairs = [
    capabilities.pair(on(1), 2),
    capabilities.pair(on(2), 1),
    capabilities.pair(on(1), 1),
    capabilities.pair(on(2), 2),
  ];
  expect(new Set(pairs).size).toBe(4);
  expect(capabilities.pair(on(2), 1)).toBe(pairs[1]);
  expect(capabilities.pair(on(1), 2)).toBe(pairs[0]);
});

const empty = Object.fromEntries(
  ['mode', 'uid', 'gid', 'size', 'blocks', 'dev', 'rdev', 'ino', 'atimeNs', 'mtimeNs', 'ctimeNs'].map(
    (key) => [key, 0n],
  ),
) as unknown as Parameters<FileStatus['fill']>[0];
