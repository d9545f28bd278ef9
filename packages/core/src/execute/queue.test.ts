import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { RECORD_WORDS } from '../plan/record.ts';
import type { Batch } from './job.ts';
import { MADE, Queue, SWEPT } from './queue.ts';

const batchOf = (source: string, files: number): Batch => ({
  source,
  root: '/to',
  target: 0,
  below: source,
  names: Array.from({ length: files }, (_each, file) => `${source} ${file}`),
});

/** The names a thread gets until nothing is left. */
function* claims(queue: Queue): Generator<string> {
  for (let batch = queue.claim(); batch; batch = queue.claim()) {
    for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch)) yield batch.names[file]!;
  }
  for (let batch = queue.claimStarted(0); batch; batch = queue.claimStarted(batch.number)) {
    for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch)) yield batch.names[file]!;
  }
}

test('a batch comes out as it was put in, in another thread too', () => {
  const queue = new Queue();
  const batch = { ...batchOf('naïve 文件 😀', 3), renamed: { 1: 'other' }, links: [2] };
  const records = Uint32Array.from({ length: 3 * RECORD_WORDS }, (_word, index) => index);
  expect(queue.publish(batch, records)).toBe(0);
  queue.close();

  const claimed = new Queue(queue.memory).claim()!;
  expect(claimed).toMatchObject(batch);
  expect(claimed.records).toEqual(records);
  expect(new Queue(queue.memory).claim()).toBeUndefined();
});

test('what one thread notes in the records the others see', () => {
  const queue = new Queue();
  queue.publish(batchOf('a', 2), undefined);
  queue.close();
  queue.claim()!.records[RECORD_WORDS] = 42;
  expect(new Queue(queue.memory).batch(0).records[RECORD_WORDS]).toBe(42);
});

test('what is noted of a directory holds for all of its batches, and in every thread', () => {
  const queue = new Queue();
  const first = queue.publish(batchOf('a', 2), undefined);
  const other = queue.publish(batchOf('b', 2), undefined);
  const second = queue.publish(batchOf('a', 2), undefined, first);
  queue.note(MADE, queue.batch(second));
  const thread = new Queue(queue.memory);
  expect([first, second, other].map((number) => thread.has(MADE, thread.batch(number)))).toEqual([
    true,
    true,
    false,
  ]);
  expect(thread.has(SWEPT, thread.batch(first))).toBe(false);
  thread.note(SWEPT, thread.batch(first));
  expect(queue.has(SWEPT, queue.batch(second))).toBe(true);
  expect(queue.has(MADE, queue.batch(second))).toBe(true);
});

test.each([
  ['one after the other', 1],
  ['by turns', 4],
])('every file is claimed once, %s', (_title, threads) => {
  const queue = new Queue();
  // The empty ones are directories without files.
  const sizes = [5, 0, 64, 1, 0, 17, 64, 64];
  for (const [number, size] of sizes.entries()) queue.publish(batchOf(`folder ${number}`, size), undefined);
  queue.close();

  const running = Array.from({ length: threads }, () => claims(new Queue(queue.memory)));
  const claimed: string[] = [];
  while (running.length > 0) {
    for (const each of [...running]) {
      const next = each.next();
      if (next.done) running.splice(running.indexOf(each), 1);
      else claimed.push(next.value);
    }
  }
  const published = sizes.flatMap((size, number) => batchOf(`folder ${number}`, size).names);
  expect(claimed.sort()).toEqual(published.sort());
});

test('a thread that has nothing left helps with a batch that another one has begun', () => {
  const queue = new Queue();
  queue.publish(batchOf('large', 3), undefined);
  queue.close();
  const batch = queue.claim()!;
  expect(queue.nextFile(batch)).toBe(0);

  const helper = new Queue(queue.memory);
  expect(helper.claim()).toBeUndefined();
  const started = helper.claimStarted(0)!;
  expect(helper.nextFile(started)).toBe(1);
  expect(queue.nextFile(batch)).toBe(2);
  expect(queue.nextFile(batch)).toBe(-1);
  expect(helper.claimStarted(0)).toBeUndefined();
});

test('a queue that is stopped gives out nothing, whatever is left in it', () => {
  const queue = new Queue();
  queue.publish(batchOf('a', 3), undefined);
  const batch = queue.claim()!;
  new Queue(queue.memory).stop();
  expect(queue.stopped).toBe(true);
  expect(queue.nextFile(batch)).toBe(-1);
  expect(queue.claim()).toBeUndefined();
  expect(queue.claimStarted(0)).toBeUndefined();
});

test('a thread that comes after the end is turned away, and the others are waited for', () => {
  const queue = new Queue();
  expect(queue.join()).toBe(true);
  queue.leave(7);
  queue.sealAndWait();
  expect(queue.placed).toBe(7);
  const late = new Queue(queue.memory);
  expect(late.join()).toBe(false);
  late.leave(0);
  expect(queue.placed).toBe(7);
});

test('more batches than the memory first holds are kept', () => {
  const queue = new Queue();
  for (let number = 0; number < 3000; number++) queue.publish(batchOf(`folder ${number}`, 64), undefined);
  queue.close();
  expect(queue.length).toBe(3000);
  expect(queue.batch(2999).names[63]).toBe('folder 2999 63');
});

test('threads that claim at the same time, while files are still found, get every file once', async () => {
  const queue = new Queue();
  // The last batch is so large that all threads are at it together.
  const [batches, files, last] = [50, 64, 100_000];
  const counts = new Int32Array(new SharedArrayBuffer((batches * files + last) * 4));
  const module = new URL('./queue.ts', import.meta.url).href;
  const threads = Array.from({ length: 4 }, () => claimingThread({ memory: queue.memory, counts, module }));
  await Promise.all(threads.map(({ ready }) => ready));
  for (let number = 0; number < batches; number++) {
    queue.publish(batchOf(`folder ${number}`, files), undefined);
    if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  queue.publish(batchOf('last', last), undefined);
  queue.close();
  await Promise.all(threads.map(({ ended }) => ended));
  expect(new Set(counts)).toEqual(new Set([1]));
});

/** Counts each file it is given, as the sources have it: threads do not get the loader of the tests. */
function claimingThread(workerData: object): { ready: Promise<unknown>; ended: Promise<unknown> } {
  const worker = new Worker(
    `
    const { parentPort, workerData } = require('node:worker_threads');
    const { memory, counts, module } = workerData;
    require('tsx/esm/api').tsImport(module, module).then(({ Queue }) => {
      const queue = new Queue(memory);
      parentPort.postMessage('ready');
      const work = (batch) => {
        for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch))
          Atomics.add(counts, batch.number * 64 + file, 1);
      };
      for (let batch = queue.claim(); batch; batch = queue.claim()) work(batch);
      for (let batch = queue.claimStarted(0); batch; batch = queue.claimStarted(batch.number)) work(batch);
      process.exit();
    });
    `,
    { eval: true, workerData },
  );
  const ready = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  return { ready, ended };
}

test('a thread that must not wait takes only what is published, and no batch that another one has', () => {
  const queue = new Queue();
  const other = new Queue(queue.memory);
  expect(queue.claimPublished()).toBeUndefined();
  queue.publish(batchOf('a', 1), undefined);
  queue.publish(batchOf('b', 1), undefined);
  const claimed = [queue.claimPublished(), other.claim()].map((batch) => batch?.source);
  expect(new Set(claimed).size).toBe(2);
  expect(queue.claimPublished()).toBeUndefined();
});

test('the next file of a batch is what is given out next', () => {
  const queue = new Queue();
  queue.publish(batchOf('a', 2), undefined);
  const batch = queue.claimPublished()!;
  for (const file of [0, 1]) {
    expect(queue.peekFile(batch)).toBe(file);
    expect(queue.nextFile(batch)).toBe(file);
  }
  expect(queue.peekFile(batch)).toBe(-1);
});

test.each([
  ['nobody else has joined', false, true],
  ['another thread has', true, false],
])('a queue of which everything is taken is sealed; alone when %s', (_title, joined, alone) => {
  const queue = new Queue();
  queue.join();
  queue.publish(batchOf('a', 1), undefined);
  expect(queue.sealIfAlone()).toBe(false);
  const batch = queue.claimPublished()!;
  queue.close();
  expect(queue.isTaken).toBe(false);
  queue.nextFile(batch);
  if (joined) new Queue(queue.memory).join();
  expect(queue.isTaken).toBe(true);
  expect(queue.sealIfAlone()).toBe(alone);
  expect(new Queue(queue.memory).join()).toBe(false);
});
