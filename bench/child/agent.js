// A process that stays warm: it is told by messages what to do, and times it itself.
import { bootWorkers } from './libraries.js';
import { operations } from './operations.js';

const workers = process.argv[2] === 'workers' ? await bootWorkers() : undefined;

process.on('message', async ({ operation, places }) => {
  try {
    process.send({ answer: await operations[operation](places) });
  } catch (error) {
    process.send({ failure: error.stack });
  }
});
process.on('disconnect', () => workers?.dispose());
process.send({ answer: 'ready' });
