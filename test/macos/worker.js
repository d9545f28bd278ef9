// A worker thread of the package as execute/worker.ts makes it, but over the double of libSystem.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const load = (path) => import(`../../packages/core/src/${path}`);
const { asCopyError } = await load('errors.ts');
const { runPart } = await load('execute/run-planned.ts');
const { runWhole } = await load('execute/run-whole.ts');
const { SharedQueue } = await load('execute/shared-queue.ts');
const { loadBindings } = await load('platform/darwin/bindings.ts');
const { darwinSystem } = await load('platform/darwin/darwin.ts');

const system = darwinSystem(loadBindings({ library: workerData.library, arch: 'x64' }));
const hooks = { progress: () => {}, large: () => {}, planned: () => {} };

parentPort.on('message', ({ memory, thread, job, plan }) => {
  const queue = new SharedQueue(memory);
  const { tally, error } = plan
    ? runWhole(queue, job, plan, system, hooks, thread)
    : runPart(queue, thread, job, system, hooks);
  parentPort.postMessage({ tally, error: error && asCopyError(error, {}).details });
});
