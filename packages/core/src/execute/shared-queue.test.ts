import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../model/batch.ts';
import { RECORD_WORDS } from '../plan/record.ts';
import { MADE, SWEPT } from './batch-queue.ts';
import { Queue } from './queue.ts';
import { SharedQueue } from './shared-queue.ts';

const KEEPING = { records: true, outcomes: true };

const batchOf = (source: string, files: number): Batch => ({
  source,
  root: '/to',
  target: 0,
  below: source,
  names: Array.from({ length: files }, (_each, file) => `${source} ${file}`),
});

/** Yields the names of the files that a thread takes until nothing is left. */
function* claims(queue: SharedQueue): Generator<string> {
  for (let batch = queue.claim(); batch; batch = queue.claim()) {
    for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch)) yield batch.names[file]!;
  }
  for (let batch = queue.claimStarted(0); batch; batch = queue.claimStarted(batch.number)) {
    for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch)) yield batch.names[file]!;
  }
}

test('a batch comes out as it was put in, in another thread too', () => {
  const queue = new SharedQueue(KEEPING);
  const batch = { ...batchOf('naïve 文件 😀', 3), renamed: { 1: 'other' }, links: [2] };
  const records = Uint32Array.from({ length: 3 * RECORD_WORDS }, (_word, index) => index);
  expect(queue.publish(batch, records).number).toBe(0);
  queue.close();

  const claimed = new SharedQueue(queue.memory).claim()!;
  expect(claimed).toMatchObject(batch);
  expect(claimed.records).toEqual(records);
  expect(new SharedQueue(queue.memory).claim()).toBeUndefined();
});

test('what one thread notes in the records the others see', () => {
  const queue = new SharedQueue(KEEPING);
  queue.publish(batchOf('a', 2), undefined);
  queue.close();
  queue.claim()!.records![RECORD_WORDS] = 42;
  expect(new SharedQueue(queue.memory).batch(0).records![RECORD_WORDS]).toBe(42);
});

test('what is noted of a directory holds for all of its batches, and in every thread', () => {
  const queue = new SharedQueue(KEEPING);
  const first = queue.publish(batchOf('a', 2));
  const other = queue.publish(batchOf('b', 2));
  const second = queue.publish(batchOf('a', 2), undefined, first);
  queue.note(MADE, second);
  const thread = new SharedQueue(queue.memory);
  const isMade = ({ number }: { number: number }) => thread.has(MADE, thread.batch(number));
  expect([first, second, other].map(isMade)).toEqual([true, true, false]);
  expect(thread.has(SWEPT, first)).toBe(false);
  thread.note(SWEPT, first);
  expect(queue.has(SWEPT, second)).toBe(true);
  expect(queue.has(MADE, second)).toBe(true);
});

test.each([
  ['one after the other', 1],
  ['by turns', 4],
])('every file is claimed once, %s', (_title, threads) => {
  const queue = new SharedQueue(KEEPING);
  // Batches of size 0 are directories without files.
  const sizes = [5, 0, 64, 1, 0, 17, 64, 64];
  for (const [number, size] of sizes.entries()) queue.publish(batchOf(`folder ${number}`, size), undefined);
  queue.close();

  const running = Array.from({ length: threads }, () => claims(new SharedQueue(queue.memory)));
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
  const queue = new SharedQueue(KEEPING);
  queue.publish(batchOf('large', 3), undefined);
  queue.close();
  const batch = queue.claim()!;
  expect(queue.nextFile(batch)).toBe(0);

  const helper = new SharedQueue(queue.memory);
  expect(helper.claim()).toBeUndefined();
  const started = helper.claimStarted(0)!;
  expect(helper.nextFile(started)).toBe(1);
  expect(queue.nextFile(batch)).toBe(2);
  expect(queue.nextFile(batch)).toBe(-1);
  expect(helper.claimStarted(0)).toBeUndefined();
});

test('a queue that is stopped gives out nothing, whatever is left in it', () => {
  const queue = new SharedQueue(KEEPING);
  queue.publish(batchOf('a', 3), undefined);
  const batch = queue.claim()!;
  new SharedQueue(queue.memory).stop();
  expect(queue.stopped).toBe(true);
  expect(queue.nextFile(batch)).toBe(-1);
  expect(queue.claim()).toBeUndefined();
  expect(queue.claimStarted(0)).toBeUndefined();
});

test('a thread that comes after the end is turned away, and the others are waited for', () => {
  const queue = new SharedQueue(KEEPING);
  expect(queue.join(1)).toBe(true);
  queue.leave(1, 7);
  queue.sealAndWait();
  expect(queue.copied).toBe(7);
  const late = new SharedQueue(queue.memory);
  expect(late.join(2)).toBe(false);
  late.leave(2, 0);
  expect(queue.copied).toBe(7);
});

test('a thread that died before it joined does not end the wait for one that is at work', async () => {
  const queue = new SharedQueue(KEEPING);
  queue.join(1);
  queue.leave(2, 0);
  const waiting = new Worker(
    `
    const { parentPort, workerData } = require('node:worker_threads');
    require('tsx/esm/api').tsImport(workerData.module, workerData.module).then(({ SharedQueue }) => {
      parentPort.postMessage('ready');
      new SharedQueue(workerData.memory).sealAndWait();
      parentPort.postMessage('over');
    });
    `,
    {
      eval: true,
      workerData: { memory: queue.memory, module: new URL('./shared-queue.ts', import.meta.url).href },
    },
  );
  const messages: string[] = [];
  const ended = new Promise<void>((resolve) => {
    waiting.on('message', (message) => {
      messages.push(message);
      // After sealing, the thread waits: no other thread may join any more.
      if (message === 'ready') {
        while (queue.join(3)) queue.leave(3, 0);
        queue.leave(3, 0);
        expect(messages).toEqual(['ready']);
        queue.leave(1, 5);
      } else resolve();
    });
  });
  await ended;
  await waiting.terminate();
  expect(queue.copied).toBe(5);
});

test('more batches than the memory first holds are kept', () => {
  const queue = new SharedQueue(KEEPING);
  for (let number = 0; number < 3000; number++) queue.publish(batchOf(`folder ${number}`, 64), undefined);
  queue.close();
  expect(queue.length).toBe(3000);
  expect(queue.batch(2999).names[63]).toBe('folder 2999 63');
});

test('threads that claim at the same time, while files are still found, get every file once', async () => {
  const queue = new SharedQueue(KEEPING);
  // The last batch is so large that all threads take files of it at the same time.
  const [batches, files, last] = [50, 64, 100_000];
  const counts = new Int32Array(new SharedArrayBuffer((batches * files + last) * 4));
  const module = new URL('./shared-queue.ts', import.meta.url).href;
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

/**
 * Starts a thread that counts each file it takes. It loads the sources with tsx, because threads do not inherit the
 * loader of the tests.
 */
function claimingThread(workerData: object): { ready: Promise<unknown>; ended: Promise<unknown> } {
  const worker = new Worker(
    `
    const { parentPort, workerData } = require('node:worker_threads');
    const { memory, counts, module } = workerData;
    require('tsx/esm/api').tsImport(module, module).then(({ SharedQueue }) => {
      const queue = new SharedQueue(memory);
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
  const queue = new SharedQueue(KEEPING);
  const other = new SharedQueue(queue.memory);
  expect(queue.take()).toBeUndefined();
  queue.publish(batchOf('a', 1));
  queue.publish(batchOf('b', 1));
  const taken = [queue.take(), other.claim()].map((batch) => batch?.source);
  expect(new Set(taken).size).toBe(2);
  expect(queue.take()).toBeUndefined();
});

test('a queue is sealed once everything is taken: then no thread joins any more', () => {
  const queue = new SharedQueue(KEEPING);
  queue.publish(batchOf('a', 1));
  expect(queue.sealIfDone()).toBe(false);
  const batch = queue.take()!;
  queue.close();
  expect(queue.sealIfDone()).toBe(false);
  queue.nextFile(batch);
  expect(new SharedQueue(queue.memory).join(1)).toBe(true);
  expect(queue.sealIfDone()).toBe(true);
  expect([1, 2].map((thread) => queue.hasJoined(thread))).toEqual([true, false]);
  expect(new SharedQueue(queue.memory).join(2)).toBe(false);
});

test('a queue that is stopped is sealed', () => {
  const queue = new SharedQueue(KEEPING);
  queue.publish(batchOf('a', 1));
  queue.stop();
  expect(queue.sealIfDone()).toBe(true);
});

describe('the queue of the calling thread', () => {
  const namesLeft = (queue: Queue | SharedQueue) => {
    const names: string[] = [];
    for (let batch = queue.take(); batch; batch = queue.take())
      for (let file = queue.nextFile(batch); file >= 0; file = queue.nextFile(batch))
        names.push(batch.names[file]!);
    return names;
  };

  test('gives out every file once, and what was given back again', () => {
    const queue = new Queue({ records: false, outcomes: false });
    queue.publish(batchOf('a', 2));
    const batch = queue.take()!;
    expect(queue.peekFile(batch)).toBe(0);
    expect([queue.nextFile(batch), queue.waiting]).toEqual([0, 1]);
    batch.cursor--;
    expect([0, 1, 2].map(() => queue.nextFile(batch))).toEqual([0, 1, -1]);
    expect(queue.take()).toBeUndefined();
    expect([batch.records, batch.outcomes]).toEqual([undefined, undefined]);
  });

  test('keeps what is noted of a directory for all of its batches', () => {
    const queue = new Queue(KEEPING);
    const first = queue.publish(batchOf('a', 1));
    const second = queue.publish(batchOf('a', 1), undefined, first);
    const other = queue.publish(batchOf('b', 1));
    queue.note(MADE, first);
    expect([second, other].map((batch) => queue.has(MADE, batch))).toEqual([true, false]);
  });

  test('hands what is not finished to other threads: the rest of a batch, whole ones, and later ones', () => {
    const queue = new Queue(KEEPING);
    const records = Uint32Array.from({ length: 3 * RECORD_WORDS }, (_word, index) => index);
    const first = queue.publish(batchOf('a', 3), records);
    const second = queue.publish(batchOf('a', 2), undefined, first);
    queue.note(MADE, first);
    const taken = queue.take()!;
    queue.nextFile(taken);
    taken.outcomes![0] = 5;
    const other = new SharedQueue(queue.share().memory);
    const third = queue.publish(batchOf('a', 1), undefined, first);
    queue.close();
    expect([first, second, third].map(({ number }) => other.has(MADE, other.batch(number)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(other.batch(0).records).toEqual(records);
    expect(other.batch(0).outcomes![0]).toBe(5);
    expect(queue.nextFile(taken)).toBe(1);
    expect(namesLeft(other)).toEqual(['a 2', 'a 0', 'a 1', 'a 0']);
    expect(queue.nextFile(taken)).toBe(-1);
    // Records that another thread changes are visible in the batch that was published here.
    other.batch(1).records![RECORD_WORDS] = 42;
    expect(second.records![RECORD_WORDS]).toBe(42);
    expect(queue.files).toBe(6);
    expect([...queue.batches()]).toEqual([first, second, third]);
  });

  test('sees the batches that a worker publishes', () => {
    const queue = new Queue(KEEPING);
    const worker = new SharedQueue(queue.share().memory);
    worker.publish(batchOf('a', 2));
    expect([...queue.batches()].map(({ source }) => source)).toEqual(['a']);
    expect([queue.files, queue.waiting]).toEqual([2, 2]);
  });
});
