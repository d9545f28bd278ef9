// A fresh process that does one thing, says what it took and ends.
import { readFileSync } from 'node:fs';
import { operations } from './operations.js';

const [operation, from, to] = process.argv.slice(2);
const answer = await operations[operation]({ from, to });
process.stdout.write(JSON.stringify({ ...answer, peakBytes: peakBytes() }));

/** Of this program alone: the peak in getrusage begins with what the process had before exec. */
function peakBytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}
