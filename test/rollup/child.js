// Runs a build with the built plugin in a separate process. Reports how it ended and what it left behind.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import threads from 'node:worker_threads';

const running = new Set();
threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options);
    if (options?.name !== 'fs-reflink') return;
    running.add(this);
    this.once('exit', () => running.delete(this));
  }
};
syncBuiltinESMExports();

const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(String(error)));

const { id, root, options, failing, close = true } = JSON.parse(process.argv[2]);
const bundler = await import(id);
const { default: reflink } = await import(`unplugin-reflink/${id}`);

const failure = failing && {
  name: 'on-purpose',
  [failing]() {
    throw new Error('failed on purpose');
  },
};

let message;
let bundle;
try {
  const input = { input: `${root}/main.js`, plugins: [reflink({ report: false, ...options }), failure] };
  bundle = await bundler[id](input);
  await bundle.write({ dir: 'dist' });
} catch (error) {
  message = error.message;
} finally {
  if (close) await bundle?.close();
}
// After this, unhandled rejections have been reported.
await nextTurn();
const names = fs.readdirSync(root, { recursive: true, withFileTypes: true }).map(({ name }) => name);
const temporaries = names.filter((name) => name.includes('.fs-reflink-'));
fs.writeSync(1, JSON.stringify({ message, workers: running.size, unhandled, temporaries }));
