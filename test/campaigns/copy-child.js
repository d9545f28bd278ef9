// Copies as it is told, in a process that is killed meanwhile. Begins when something comes in.
import { once } from 'node:events';
import { copy } from 'fs-reflink';

const { targets, options } = JSON.parse(process.argv[2]);
process.stdout.write('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
await copy(targets, options);
