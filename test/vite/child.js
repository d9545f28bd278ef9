// Builds with the built plugin in a process of its own, one case after the other, and says how each ended and
// what is left then. The process has to end by itself.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import threads from 'node:worker_threads';

const running = new Set();
let started = 0;
threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options);
    if (options?.name !== 'fs-reflink') return;
    started++;
    running.add(this);
    this.once('exit', () => running.delete(this));
  }
};
syncBuiltinESMExports();

const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(String(error)));

const { id, cases } = JSON.parse(process.argv[2]);
const vite = await import(id);
const { default: reflink } = await import('unplugin-reflink/vite');

const failure = ({ failing }) => ({
  name: 'on-purpose',
  [failing](_code, module) {
    if (failing !== 'transform' || module.endsWith('main.js')) throw new Error('failed on purpose');
  },
});

function configOf({ root, config, failing }) {
  return {
    configFile: false,
    root,
    logLevel: 'silent',
    plugins: [reflink({ report: false }), failing && failure({ failing })],
    ...config,
  };
}

async function build(each) {
  try {
    await vite.build(configOf(each));
    return 'built';
  } catch (error) {
    const { message, source, destination } = error;
    return { message, source, destination };
  }
}

/** A watching build, of which `edits` are awaited, before it is closed. */
async function watch(each) {
  const watcher = await vite.build(configOf(each));
  const events = [];
  let wake = () => {};
  watcher.on('event', (event) => {
    if (event.code === 'BUNDLE_END') event.result?.close?.();
    if (event.code === 'END' || event.code === 'ERROR') events.push(event.code);
    wake();
  });
  const arrived = async (count) => {
    while (events.length < count) await new Promise((resolve) => (wake = resolve));
  };
  await arrived(1);
  for (const [number, text] of each.edits.entries()) {
    const before = events.length;
    await wait(200);
    fs.writeFileSync(`${each.root}/main.js`, text);
    await arrived(before + 1);
    if (number < each.edits.length - 1) await wait(50);
  }
  await watcher.close();
  return events;
}

const outcomes = [];
for (const each of cases) {
  const descriptors = fs.readdirSync('/proc/self/fd').length;
  const outcome = await (each.edits ? watch(each) : build(each));
  // Time for a rejection that nobody handles to be noticed.
  await wait(10);
  outcomes.push({
    outcome,
    unhandled: unhandled.splice(0),
    workers: running.size,
    started,
    descriptors: fs.readdirSync('/proc/self/fd').length - descriptors,
  });
}
fs.writeSync(1, JSON.stringify(outcomes));
