// Preloaded by a process (`--require`): stops each of its copies in the middle of a file. After a first part is
// copied, the copying thread creates the file `reached` in the directory HOLD_COPIES, and continues when the file
// `released` exists.
const fs = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const threads = require('node:worker_threads');

const { existsSync, writeFileSync } = fs;
const reached = join(process.env.HOLD_COPIES, 'reached');
const released = join(process.env.HOLD_COPIES, 'released');
const clock = new Int32Array(new SharedArrayBuffer(4));

function hold() {
  if (existsSync(reached)) return;
  writeFileSync(reached, '');
  while (!existsSync(released)) Atomics.wait(clock, 0, 0, 2);
}

const holding =
  (copyPart) =>
  (...args) => {
    const result = copyPart(...args);
    if (result > 0) hold();
    return result;
  };

if (threads.isMainThread) {
  threads.Worker = class extends threads.Worker {
    constructor(script, options) {
      super(script, { ...options, execArgv: ['--require', __filename] });
    }
  };
  Module.syncBuiltinESMExports();
} else {
  // For node:fs.
  fs.readSync = holding(fs.readSync);
  Module.syncBuiltinESMExports();
  // For the native calls.
  const load = Module._load;
  Module._load = (request, ...more) => {
    const loaded = load(request, ...more);
    return request === 'koffi' ? Object.create(loaded, { load: { value: holdingLoad(loaded) } }) : loaded;
  };
}

function holdingLoad(koffi) {
  return (...args) => {
    const library = koffi.load(...args);
    const func = (...declaration) => {
      const bound = library.func(...declaration);
      return /\b(copy_file_range|read)\b/.test(JSON.stringify(declaration)) ? holding(bound) : bound;
    };
    return Object.create(library, { func: { value: func } });
  };
}
