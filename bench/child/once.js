// A fresh process that does one thing, says what it took and ends.
import { operations } from './operations.js';
import { peakBytes } from './usage.js';

const [operation, from, to] = process.argv.slice(2);
const answer = await operations[operation]({ from, to });
process.stdout.write(JSON.stringify({ ...answer, peakBytes: peakBytes() }));
