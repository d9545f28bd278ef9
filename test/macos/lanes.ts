import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { copyFileSync } from 'fs-reflink';
import { CopyError, type CopyErrorDetails } from '../../packages/core/src/errors.ts';
import { SharedQueue } from '../../packages/core/src/execute/shared-queue.ts';
import type { Tally } from '../../packages/core/src/report.ts';
import { resolveCopyOptions } from '../../packages/core/src/resolve-options.ts';
import { type Lane, orCode, type Run } from '../support/lanes.ts';
import { buildDouble } from './double.ts';

const methods = { ficlone: 'clonefile', copy_file_range: 'copyfile', direct: 'nocache' };

/** Ways to copy over the double. `platform/load.ts` has to be mocked for the first. */
export const lanes: Lane[] = [
  {
    name: 'copyFileSync',
    native: true,
    methods,
    open: async () => ({
      run: orCode(async (...args) => copyFileSync(...args)),
      close: async () => {},
    }),
  },
  { name: 'worker threads', native: true, methods, open: openWorkers },
];

interface Finished {
  tally: Tally;
  error?: CopyErrorDetails;
}

/** Two threads with bindings of their own work on one queue, as those of the package do. */
async function openWorkers(): ReturnType<Lane['open']> {
  const workers = [0, 1].map(
    () =>
      new Worker(new URL('worker.js', import.meta.url), {
        workerData: { library: buildDouble() },
        execArgv: [],
      }),
  );
  const run: Run = async (source, destination, options) => {
    const target = { from: source, to: dirname(destination), rename: basename(destination) };
    const { job, plan } = resolveCopyOptions(target, { ...options, entries: true });
    const { memory } = new SharedQueue({ records: false, outcomes: false });
    const [planned, worked] = await Promise.all(
      workers.map((worker, number) =>
        ask(worker, { memory, thread: number + 1, job, plan: number === 0 ? plan : undefined }),
      ),
    );
    const failed = planned!.error ?? worked!.error;
    if (failed) throw new CopyError(failed);
    const [entry] = [...planned!.tally.entries, ...worked!.tally.entries];
    return {
      method: entry!.action === 'linked' ? 'symlink' : (entry!.method ?? 'unchanged'),
      bytes: entry!.bytes,
    };
  };
  return {
    run: orCode(run),
    close: async () => void (await Promise.all(workers.map((worker) => worker.terminate()))),
  };
}

/** A thread that has ended answers nothing, and has no number any more. */
async function ask(worker: Worker, message: unknown): Promise<Finished> {
  if (worker.threadId < 0) throw new Error('the thread has ended');
  worker.postMessage(message);
  const [answer] = await once(worker, 'message');
  return answer as Finished;
}
