// Runs the given copy in a process that may be killed meanwhile. Starts when it gets input.
import { once } from 'node:events';
import { copy } from 'fs-reflink';

const { targets, options } = JSON.parse(process.argv[2]);
process.stdout.write('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
await copy(targets, options);
