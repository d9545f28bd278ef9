// Builds with the built plugin in a separate process, one case after the other. Reports how each build ended and
// what it left behind. The process has to end by itself.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import threads from 'node:worker_threads';
import { replaceAtOnce, untilWatched } from '../support/watches.js';

const running = new Set();
let started = 0;
/** The number of threads that are booting, plus the number of their parts of copies that have not ended. */
let busy = 0;
threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options);
    if (options?.name !== 'fs-reflink') return;
    started++;
    busy++;
    running.add(this);
    this.on('message', ({ type }) => {
      if (type === 'ready' || type === 'finished') busy--;
    });
    this.once('exit', () => running.delete(this));
  }

  postMessage(message) {
    if (message.type === 'work') busy++;
    super.postMessage(message);
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

const errors = [];

/** Waits before the bundle is written until the copy ends, in threads or in event loop turns of this thread. */
const pausing = {
  name: 'pause',
  async generateBundle() {
    for (let idle = 0; idle < 20; idle++) {
      await wait(5);
      const isActive = process.getActiveResourcesInfo().some((each) => /^(Immediate|FSReq)/.test(each));
      if (busy > 0 || isActive) idle = -1;
    }
  },
};

function configOf({ root, config, failing, pause }) {
  const customLogger = vite.createLogger('silent');
  customLogger.error = (message) => errors.push(message);
  return {
    configFile: false,
    root,
    logLevel: 'silent',
    customLogger,
    plugins: [reflink({ report: false, reflink: 'auto' }), pause && pausing, failing && failure({ failing })],
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

/** Runs a watcher, and closes it after every edit of the entry has ended as expected. */
async function watch(each) {
  const watcher = await vite.build(configOf(each));
  const ends = [];
  let failed = false;
  watcher.on('event', ({ code }) => {
    if (code === 'START') failed = false;
    if (code === 'ERROR') failed = true;
    if (code === 'END') ends.push(failed ? 'failed' : 'built');
  });
  const ended = async (expected, count) => {
    while (ends.length <= count || ends.at(-1) !== expected) await wait(10);
  };
  await ended('built', 0);
  for (const [text, expected] of each.edits) {
    const count = ends.length;
    // Rolldown watches the directories of files, and not the files.
    await untilWatched(id === 'vite' ? each.root : `${each.root}/main.js`);
    replaceAtOnce(`${each.root}/main.js`, text);
    await ended(expected, count);
  }
  await watcher.close();
  return 'watched';
}

const outcomes = [];
for (const each of cases) {
  const outcome = await (each.edits ? watch(each) : build(each));
  // After this, unhandled rejections have been reported.
  await nextTurn();
  outcomes.push({
    outcome,
    errors: errors.splice(0),
    unhandled: unhandled.splice(0),
    workers: running.size,
    started,
  });
}
fs.writeSync(1, JSON.stringify(outcomes));
