import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** System calls that change a file or a directory. A process is killed just before one of them. */
const CALLS =
  'ioctl,copy_file_range,write,pwrite64,ftruncate,fchmod,fchmodat,fchown,utimensat,fdatasync,fsync,' +
  'mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat';

/** Returns why processes cannot be killed at a system call here, or undefined if they can. */
export function cannotTrace(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (spawnSync('strace', ['--version']).status !== 0) return 'strace is not installed';
  return undefined;
}

/**
 * Runs a script under strace. The script reports when it is ready, and starts when it gets input. If `at` is given,
 * the script is killed just before this call: the name of the system call and its number, as in strace's `inject`.
 * Returns how the script ended, and such names for the calls that the busiest thread made after its first change.
 */
export async function trace(home: string, script: string, job: object, at?: string) {
  const log = join(home, 'trace');
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: 'pipe' });
  const ended = once(child, 'exit');
  const said = text(child.stderr);
  await once(child.stdout, 'data');
  const [call, when] = at?.split(' ') ?? [];
  const inject = at === undefined ? [] : ['-e', `inject=${call}:signal=KILL:when=${when}`];
  const args = ['-f', '-o', log, '-e', `trace=${CALLS}`, '-e', 'signal=none', ...inject];
  const strace = spawn('strace', [...args, '-p', `${child.pid}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const traced = once(strace, 'exit');
  await once(strace.stderr, 'data');
  child.stdin.end('go');
  child.stdout.resume();
  const [status, signal] = (await ended) as [number | null, string | null];
  await traced;
  const threads = new Map<string, string[]>();
  for (const [, thread, call] of readFileSync(log, 'utf8').matchAll(/^(\d+) +(\w+\(.*)$/gm))
    threads.set(thread!, [...(threads.get(thread!) ?? []), call!]);
  const [calls = []] = [...threads.values()].sort((one, other) => other.length - one.length);
  // Node.js wakes its threads by writing eight bytes, and checks whether it has a terminal: ignore these calls.
  const first = calls.findIndex((call) => !/^write\(.*, 8\) |^ioctl\(.*TCGETS/.test(call));
  rmSync(log);
  const counts = new Map<string, number>();
  const places = calls.map((call) => {
    const name = call.slice(0, call.indexOf('('));
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${name} ${counts.get(name)}`;
  });
  return { status, signal, stderr: await said, places: places.slice(first + 1) };
}
