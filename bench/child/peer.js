// A fresh process in which one library copies a directory: peer.js LIBRARY FROM TO [held]
// With `held` it also tells for how long the thread was held up, which costs a little processor time.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { libraries } from './libraries.js';
import { cpuMs, peakBytes } from './usage.js';

const [library, from, to, held] = process.argv.slice(2);
const delay = held && (await watchThread());
const start = performance.now();
const methods = await libraries[library](from, to);
const ms = performance.now() - start;
const cpu = cpuMs();
// What held the thread up is noticed at the next turn.
if (delay) await sleep(5);
const answer = { ms, cpuMs: cpu, methods, peakBytes: peakBytes(), ...(delay && { gapMs: delay.max / 1e6 }) };
process.stdout.write(JSON.stringify(answer));

async function watchThread() {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  // What the start of the process did to the thread is not the library's doing.
  await sleep(5);
  histogram.reset();
  await sleep(5);
  return histogram;
}
