// A process that stays warm: it is told by messages what to do, and times it itself.
import { importEngine } from './libraries.js';
import { operations } from './operations.js';

const workers = process.argv[2] === 'workers' ? await (await importEngine()).startWorkers() : undefined;

process.on('message', async ({ operation, places }) => {
  try {
    process.send({ answer: await operations[operation](places) });
  } catch (error) {
    process.send({ failure: error.stack });
  }
});
process.on('disconnect', () => workers?.close());
process.send({ answer: 'ready' });
