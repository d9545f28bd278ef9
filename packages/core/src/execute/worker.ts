import { parentPort, workerData } from 'node:worker_threads';
import { asCopyError } from '../errors.ts';
import * as earlier from '../plan/earlier-runs.ts';
import { ChangedNames } from '../plan/record.ts';
import { loadSystem } from '../platform/load.ts';
import type { System } from '../platform/system.ts';
import { emptyTally } from '../report.ts';
import { joinRun } from '../transfer/temporary.ts';
import { AddonLock } from './addon-lock.ts';
import { cloneWhole } from './clone-directory.ts';
import type { FromWorker, ProgressEvent, RunHooks, ToWorker, WorkerData } from './job.ts';
import { runPart, runPlanned } from './run-planned.ts';
import { filesystemOf, MANY_FILES } from './schedule.ts';
import { SharedQueue } from './shared-queue.ts';

/** How long progress events are collected before they are sent, so that small files do not need a message each. */
const PROGRESS_MS = 16;

const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);

const { run, lock } = workerData as WorkerData;
joinRun(run);
const system = new AddonLock(lock).load(loadSystem);
// If it is undefined, this thread is about to be ended.
if (system) serve(system);

function serve(system: System): void {
  send({ type: 'ready' });
  port.on('message', (message: ToWorker) => work(system, message));
}

function work(system: System, { id, memory, thread, job, plan }: ToWorker): void {
  const queue = new SharedQueue(memory);
  const progress = progressSender(id);
  const hooks: RunHooks = {
    progress: progress.add,
    large: () => send({ type: 'large', id }),
    planned: (_transformed, unchanged) => {
      const filesystem =
        plan && queue.waiting >= MANY_FILES
          ? filesystemOf(system, plan.targets[0]?.to ?? plan.cwd)
          : undefined;
      send({ type: 'planned', id, unchanged: [...unchanged], filesystem });
    },
  };
  const context = { queue, job, system, hooks, tally: emptyTally(), changed: new ChangedNames() };
  const { tally, error } = plan
    ? runPlanned({ ...context, plan }, { earlier, copyWhole: () => cloneWhole(plan, context), thread })
    : runPart(context, thread);
  progress.flush();
  send({
    type: 'finished',
    id,
    tally,
    error: error && asCopyError(error, {}).details,
  });
}

function progressSender(id: number) {
  let events: ProgressEvent[] = [];
  let since = Date.now();
  const flush = () => {
    if (events.length > 0) send({ type: 'progress', id, events });
    events = [];
    since = Date.now();
  };
  const add = (event: ProgressEvent) => {
    events.push(event);
    if (Date.now() - since >= PROGRESS_MS) flush();
  };
  return { add, flush };
}
