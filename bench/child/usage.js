import { readdirSync, readFileSync } from 'node:fs';

/** Of this program alone: the peak in getrusage begins with what the process had before exec. */
export function peakBytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

/** User and system time of the whole process so far, all its threads and its start included. */
export function cpuMs() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1000;
}

/** What Linux says of a process. */
const statusOf = (pid, name) => readFileSync(`/proc/${pid}/${name}`, 'utf8');

/** Processes that this one has started and that run: esbuild's own, for instance. */
function children() {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/task').flatMap((thread) =>
    statusOf(`self/task/${thread}`, 'children').split(' ').filter(Boolean),
  );
}

/** {@link peakBytes} of this process and of those that it has started, if all had it at once. */
export function familyPeakBytes() {
  const peaks = children().map((pid) => Number(/VmHWM:\s*(\d+) kB/.exec(statusOf(pid, 'status'))[1]) * 1024);
  return peaks.reduce((sum, each) => sum + each, peakBytes());
}

/** Of the unit that Linux counts processor time in. */
const TICK_MS = 10;

/** {@link cpuMs} of this process and of those that it has started and that still run. */
export function familyCpuMs() {
  const times = children().map((pid) => {
    const [, , ...fields] = statusOf(pid, 'stat')
      .replace(/\(.*\)/s, '')
      .split(' ');
    // Without the name, these are fields 14 and 15.
    return (Number(fields[10]) + Number(fields[11])) * TICK_MS;
  });
  return times.reduce((sum, each) => sum + each, cpuMs());
}
