// Builds with the built plugin in a separate process, which has to end by itself. The mode "interrupt" waits for a
// signal.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
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
const watches = new Set();
const watch = fs.watch;
fs.watch = (...given) => {
  const watcher = watch(...given);
  watches.add(watcher);
  const close = watcher.close.bind(watcher);
  watcher.close = () => {
    watches.delete(watcher);
    close();
  };
  return watcher;
};
syncBuiltinESMExports();

const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(String(error)));

const { id, mode, root, options, build } = JSON.parse(process.argv[2]);
const esbuild = await import(id);
const { default: reflink } = await import('unplugin-reflink/esbuild');
const given = {
  absWorkingDir: root,
  entryPoints: ['main.js'],
  outdir: 'dist',
  plugins: [reflink(options)],
  ...build,
};

let message;
const seen = { watches: 0 };
try {
  if (mode === 'build') {
    await esbuild.build(given);
  } else {
    const context = await esbuild.context(given);
    const watching = mode === 'watch' || mode === 'interrupt';
    if (watching) await context.watch();
    else await context.rebuild();
    if (mode === 'dispose in a copy') {
      fs.rmSync(`${root}/dist`, { recursive: true });
      const rebuilding = context.rebuild();
      while (!fs.existsSync(`${root}/dist`)) await nextTurn();
      await Promise.all([rebuilding, context.dispose()]);
    } else {
      // On a busy machine esbuild delivers the result so late that the plugin has started to watch, and then stops.
      while (watches.size > 0 !== watching) await wait(5);
      seen.watches = watches.size;
      if (mode === 'interrupt') fs.writeSync(1, 'waiting');
      else await context.dispose();
    }
  }
} catch (error) {
  message = error.message;
}
// esbuild does not wait until the context is disposed of, and threads that are booting end only when they are ready.
const isLeft = () => mode !== 'interrupt' && running.size + watches.size > 0;
for (let tries = 0; isLeft() && tries < 4000; tries++) await wait(10);
// After this, unhandled rejections have been reported.
await nextTurn();
const names = fs.readdirSync(root, { recursive: true, withFileTypes: true }).map(({ name }) => name);
const outcome = {
  message,
  started,
  workers: running.size,
  seen,
  watches: watches.size,
  unhandled,
  temporaries: names.filter((name) => name.includes('.fs-reflink-')),
  handlers: process.listenerCount('SIGINT'),
};
if (mode !== 'interrupt') fs.writeSync(1, JSON.stringify(outcome));
