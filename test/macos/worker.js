// A worker thread of the package as execute/worker.ts makes it, but over the double of libSystem.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const load = (path) => import(`../../packages/core/src/${path}`);
const { asCopyError } = await load('errors.ts');
const { cloneWhole } = await load('execute/clone-directory.ts');
const { runPart, runPlanned } = await load('execute/run-planned.ts');
const { SharedQueue } = await load('execute/shared-queue.ts');
const earlier = await load('plan/earlier-runs.ts');
const { loadBindings } = await load('platform/darwin/bindings.ts');
const { darwinSystem } = await load('platform/darwin/darwin.ts');
const { emptyTally } = await load('report.ts');

const system = darwinSystem(loadBindings({ library: workerData.library, arch: 'x64' }));
const hooks = { progress: () => {}, large: () => {}, planned: () => {} };

parentPort.on('message', ({ memory, thread, job, plan }) => {
  const queue = new SharedQueue(memory);
  const context = { queue, job, system, hooks, tally: emptyTally() };
  const { tally, error } = plan
    ? runPlanned({ ...context, plan }, { earlier, copyWhole: () => cloneWhole(plan, context), thread })
    : runPart(context, thread);
  parentPort.postMessage({ tally, error: error && asCopyError(error, {}).details });
});
